/*
 * g711.h: ITU-T G.711, the two ways in which telephones write a sample in eight bits: mu-law
 * (America, Japan) and A-law (elsewhere). Pure.
 */
#ifndef CHANNEL_G711_H
#define CHANNEL_G711_H

#include <stdint.h>

uint8_t g711_ulaw(int16_t sample);
uint8_t g711_alaw(int16_t sample);

#endif

/*
 * banned.h: calls that this code base never makes, turned into compile errors (after git's idea).
 * Included by every .c file through the compiler's -include, after the system headers it names.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gmtime localtime rand srand
#pragma GCC poison system gets

#endif

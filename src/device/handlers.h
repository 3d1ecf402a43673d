/*
 * handlers.h: what routes.c names. A …_prepare runs on the loop and verifies signatures.
 */
#ifndef DEVICE_HANDLERS_H
#define DEVICE_HANDLERS_H

#include "http/route.h"

/* pairing.c */
handler_fn pairing_peek, pairing_prepare, pairing_finish;
/* self.c */
handler_fn self_show, self_prepare, self_rename, self_unpair, push_prepare, push_set;
/* ask.c */
handler_fn challenges_list, challenges_history, answer_prepare, answer_take;
/* events.c */
handler_fn events_open;

#endif

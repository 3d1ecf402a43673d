/*
 * routes.c: what a device may ask, on one screen. Opening an address to anybody means a row of
 * AUTH_NONE here and one in routes_test.c.
 */
#include "device/errors.h"
#include "device/face.h"
#include "device/handlers.h"
#include "device/signed.h"

enum { BODY_MAX = 8 * KIB };

/* clang-format off */
static const struct route routes[] = {
    {POST,   "/device/pairing",                 AUTH_NONE,   LIMIT_FORM, READ,  pairing_peek,                       .body_max = BODY_MAX},
    {POST,   "/device/pair",                    AUTH_NONE,   LIMIT_FORM, WRITE, pairing_finish,     pairing_prepare, ON_LOOP, BODY_MAX},

    {GET,    "/device/self",                    AUTH_DEVICE, LIMIT_PAGE, WRITE, self_show,          signed_prepare,  ON_LOOP, BODY_MAX},
    {POST,   "/device/self",                    AUTH_DEVICE, LIMIT_FORM, WRITE, self_rename,        self_prepare,    ON_LOOP, BODY_MAX},
    {DELETE, "/device/self",                    AUTH_DEVICE, LIMIT_FORM, WRITE, self_unpair,        signed_prepare,  ON_LOOP, BODY_MAX},
    {POST,   "/device/push",                    AUTH_DEVICE, LIMIT_FORM, WRITE, push_set,           push_prepare,    ON_LOOP, BODY_MAX},
    {GET,    "/device/challenges",              AUTH_DEVICE, LIMIT_PAGE, WRITE, challenges_list,    signed_prepare,  ON_LOOP, BODY_MAX},
    {GET,    "/device/challenges/history",      AUTH_DEVICE, LIMIT_PAGE, WRITE, challenges_history, signed_prepare,  ON_LOOP, BODY_MAX},
    {POST,   "/device/challenges/{sid}/answer", AUTH_DEVICE, LIMIT_FORM, WRITE, answer_take,        answer_prepare,  ON_LOOP, BODY_MAX},
    {GET,    "/device/events",                  AUTH_DEVICE, LIMIT_PAGE, WRITE, events_open,        signed_prepare,  ON_LOOP, BODY_MAX},
};
/* clang-format on */

const struct face device_face = {
    .name = "device",
    .prefix = "/device/",
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .gate = signed_gate,
    .error = device_error,
};

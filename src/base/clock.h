/*
 * clock.h: the two clocks. Only ctx_init, timers and the log read them; rules use cx->now_ms.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Unix time in ms (UTC), plus the offset that demo mode's test clock may have set. */
int64_t clock_now_ms(void);
/* Never goes back; for spans and deadlines of connections. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void); /* the same, finer: for latency figures */
/* Moves clock_now_ms by offset_ms against the real time. Demo mode and tests only. */
void clock_set_offset_ms(int64_t offset_ms);

enum { CLOCK_ISO_LEN = 20, CLOCK_HTTP_LEN = 29 };
/* "2026-11-21T22:40:21Z"; both cut to the years 1970 to 9999. */
void clock_iso(int64_t at_ms, char out[static CLOCK_ISO_LEN + 1]);
/* RFC 9110 IMF-fixdate: "Sat, 21 Nov 2026 22:40:21 GMT" */
void clock_http(int64_t at_ms, char out[static CLOCK_HTTP_LEN + 1]);

#endif

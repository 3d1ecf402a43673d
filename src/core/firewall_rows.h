/* firewall_rows.h: the counts of one beginning of numbers, between firewall.c and firewall_desk.c.
 */
#ifndef CORE_FIREWALL_ROWS_H
#define CORE_FIREWALL_ROWS_H

enum firewall_level {                 /* as stored */
                      FIREWALL_BLOCK, /* all but the last four digits: ten thousand numbers */
                      FIREWALL_RANGE, /* the country and three digits: an operator, an area */
                      FIREWALL_LEVELS,
};

struct firewall_row {
    struct str prefix;
    enum firewall_level level;
    int64_t window_at_ms, sent, proved, paused_until_ms, pauses;
};

#endif

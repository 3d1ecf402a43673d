/* site.c: see site.h. */
#include "http/site.h"

bool site_trusts(const struct site *site, const struct addr *a)
{
    for (size_t i = 0; i < site->proxy_count; i++) {
        if (addr_block_has(&site->proxies[i], a))
            return true;
    }
    return false;
}

/* A listed proxy carries many people's connections, and the local socket is the operator's: only
 * the total counts for those. */
static const struct addr *counted_addr(const struct site *site, const struct origin *from)
{
    return from->local || site_trusts(site, &from->addr) ? NULL : &from->addr;
}

bool site_enter(const struct site *site, const struct origin *from)
{
    return tally_enter(site->tally, counted_addr(site, from));
}

void site_leave(const struct site *site, const struct origin *from)
{
    tally_leave(site->tally, counted_addr(site, from));
}

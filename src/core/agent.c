/* agent.c: see agent.h. */
#include "core/agent.h"

/* The first mark found names it: browsers carry the marks of those they want to be taken for, so
 * the particular come before the general. */
struct mark {
    struct str mark, name;
};

static const struct mark browsers[] = {
    {STR("Edg/"),            STR("Edge")            },
    {STR("EdgA/"),           STR("Edge")            },
    {STR("EdgiOS/"),         STR("Edge")            },
    {STR("OPR/"),            STR("Opera")           },
    {STR("SamsungBrowser/"), STR("Samsung Internet")},
    {STR("Vivaldi/"),        STR("Vivaldi")         },
    {STR("Firefox/"),        STR("Firefox")         },
    {STR("FxiOS/"),          STR("Firefox")         },
    {STR("CriOS/"),          STR("Chrome")          },
    {STR("Chrome/"),         STR("Chrome")          },
    {STR("Safari/"),         STR("Safari")          },
    {STR("curl/"),           STR("curl")            },
};

static const struct mark systems[] = {
    {STR("Android"),  STR("Android") },
    {STR("iPhone"),   STR("iPhone")  },
    {STR("iPad"),     STR("iPad")    },
    {STR("CrOS"),     STR("ChromeOS")},
    {STR("Windows"),  STR("Windows") },
    {STR("Mac OS X"), STR("macOS")   },
    {STR("Linux"),    STR("Linux")   },
};

static struct str find_mark(const struct mark *marks, size_t count, struct str in)
{
    for (size_t i = 0; i < count; i++) {
        if (str_find_str(in, marks[i].mark) != STR_NPOS)
            return marks[i].name;
    }
    return STR_NONE;
}

struct str agent_words(struct ctx *cx, struct str user_agent)
{
    struct str browser = find_mark(browsers, COUNT_OF(browsers), user_agent);
    struct str platform = find_mark(systems, COUNT_OF(systems), user_agent);

    if (!browser.n)
        browser = STR("an unknown browser");
    if (!platform.n)
        return browser;
    return arena_printf(cx->mem, "%.*s on %.*s", STR_ARG(browser), STR_ARG(platform));
}

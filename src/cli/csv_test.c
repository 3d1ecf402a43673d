/* csv_test.c: rows as spreadsheets and exports write them. */
#include "base/buf.h"
#include "base/unit.h"
#include "cli/csv.h"

static const struct {
    const char *name, *text, *want; /* cells between bars, rows on lines; ! = malformed */
} rows[] = {
    {"plain",          "a,b\n1,2\n",           "1|a|b|\n2|1|2|\n" },
    {"no end",         "a,b",                  "1|a|b|\n"         },
    {"CR LF, empty",   "a\r\n\r\n,b\r\n",      "1|a|\n3||b|\n"    },
    {"quotes",         "\"a,b\",\"c\"\"d\"\n", "1|a,b|c\"d|\n"    },
    {"a line inside",  "\"a\nb\",c\nd\n",      "1|a\nb|c|\n3|d|\n"},
    {"an open quote",  "\"a\n",                "1!\n"             },
    {"behind a quote", "\"a\"b,c\nd\n",        "1!\n2|d|\n"       },
    {"nothing",        "",                     ""                 },
    {"blanks",         " a , b \n",            "1|a|b|\n"         },
};

static void rows_are_read(void **state)
{
    (void)state;
    EACH_ROW (row, rows) {
        OWN(arena_free) struct arena *mem = arena_new();
        OWN(buf_deinit) struct buf got = {.max = 4096};
        struct csv_reader r = {.rest = str_from(row->text)};
        struct csv_row cells;
        struct ctx cx;
        bool more = true;

        ctx_init(&cx, mem);
        for (;;) {
            enum err e = csv_next(&cx, &r, &cells, &more);

            if (!e && !more)
                break;
            buf_addf(&got, "%u%s", r.line, e ? "!" : "|");
            for (size_t i = 0; !e && i < cells.n; i++)
                buf_addf(&got, "%.*s|", STR_ARG(cells.cell[i]));
            buf_addc(&got, '\n');
        }
        assert_string_equal(got.p ? got.p : "", row->want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_read)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

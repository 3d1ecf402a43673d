/* tplgen_test.c: runs the tool: what it makes of each tag, and what it refuses, where. */
#include "base/unit.h"

#include "base/arena.h"

#include <stdlib.h>
#include <unistd.h>

struct fixture {
    struct arena *mem;
    char dir[64];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->mem = arena_new();
    snprintf(f->dir, sizeof f->dir, "/tmp/tplgen_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"out.h",      "out.c",    "a.html",
                                        "_part.html", "_no.html", "Bad.html"};
    struct fixture *f = *state;

    EACH_ROW (file, files)
        unlink(arena_printf(f->mem, "%s/%s", f->dir, *file).p);
    assert_int_equal(rmdir(f->dir), 0);
    arena_free(&f->mem);
    free(f);
    return 0;
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
    FILE *to = fopen(arena_printf(f->mem, "%s/%s", f->dir, name).p, "w");

    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

static struct str read_all(struct fixture *f, FILE *from)
{
    char *p = arena_alloc(f->mem, 64 * KIB);

    assert_non_null(from);
    return (struct str){p, fread(p, 1, 64 * KIB - 1, from)};
}

static struct str read_file(struct fixture *f, const char *name)
{
    FILE *from = fopen(arena_printf(f->mem, "%s/%s", f->dir, name).p, "r");
    struct str text = read_all(f, from);

    assert_int_equal(fclose(from), 0);
    return text;
}

/* Runs the tool in the folder; what it said, and its exit status. */
static struct str run(struct fixture *f, const char *files, int *out_status)
{
    const char *tools = getenv("TOOLS"); /* the build's folder of tools, set by Meson */
    struct str command, said;
    FILE *from;

    assert_non_null(tools);
    command =
        arena_printf(f->mem, "cd %s && %s/tplgen s.h out.h out.c %s 2>&1", f->dir, tools, files);
    from = popen(command.p, "r");
    said = read_all(f, from);
    *out_status = pclose(from);
    return said;
}

/* The body of the only function that a.html (and a partial that says "part") became. */
static struct str body_of(struct fixture *f, const char *text)
{
    struct str made, said;
    ptrdiff_t from;
    int status;

    write_file(f, "a.html", text);
    write_file(f, "_part.html", "{{x}}");
    write_file(f, "_no.html", "no");
    said = run(f, "a.html _part.html _no.html", &status);
    assert_str(said, STR(""));
    assert_int_equal(status, 0);
    made = read_file(f, "out.c");
    from = str_find_str(made, STR("\n{\n")) + 3;
    made = str_sub(made, (size_t)from, made.n);
    return str_sub(made, 0, (size_t)str_find_str(made, STR("\n}\n")) + 1);
}

static const struct {
    const char *name, *text, *want;
} made[] = {
    {"text",                     "<p>a \"b\" \\?</p>",                              "    html_raw(h, STR(\"<p>a \\\"b\\\" \\\\\\?</p>\"));\n"},
    {"field",                    "{{a.b}}",                                         "    html_put(h, p->a.b);\n"                             },
    {"in an attribute",          "<a id='{{a}}'></a>",
     "    html_raw(h, STR(\"<a id='\"));\n    html_put(h, p->a);\n    html_raw(h, "
     "STR(\"'></a>\"));\n"                                                                                                                   },
    {"raw",                      "{{{qr_svg}}}",                                    "    html_raw(h, p->qr_svg);\n"                          },
    {"comment",                  "a{{! no {tag} }}b",
     "    html_raw(h, STR(\"a\"));\n    html_raw(h, STR(\"b\"));\n"                                                                          },
    {"indentation",              "<i>\n\n    a\n  </i>\n",
     "    html_raw(h, STR(\"<i>\\n\"\n        \"a\\n\"\n        \"</i>\"));\n"                                                               },
    {"blanks in a line stay",    "a  b",                                            "    html_raw(h, STR(\"a  b\"));\n"                      },
    {"if",                       "{{#if a}}\nb\n{{else}}\nc\n{{/if}}\n",
     "    if (html_truth(p->a)) {\n    html_raw(h, STR(\"b\\n\"));\n    } else {\n"
     "    html_raw(h, STR(\"c\\n\"));\n    }\n"                                                                                              },
    {"each",                     "{{#each a}}{{.b}}{{.}}{{c}}{{/each}}",
     "    for (size_t k1 = 0; k1 < p->a.n; k1++) {\n    const __typeof__(*p->a.p) *i1 = "
     "&p->a.p[k1];\n"
     "    (void)i1;\n    html_put(h, i1->b);\n    html_put(h, (*i1));\n    html_put(h, p->c);\n    "
     "}\n"                                                                                                                                   },
    {"each in each",             "{{#each a}}{{#each .b}}{{.c}}{{/each}}{{/each}}",
     "    for (size_t k1 = 0; k1 < p->a.n; k1++) {\n    const __typeof__(*p->a.p) *i1 = "
     "&p->a.p[k1];\n"
     "    (void)i1;\n    for (size_t k2 = 0; k2 < i1->b.n; k2++) {\n"
     "    const __typeof__(*i1->b.p) *i2 = &i1->b.p[k2];\n    (void)i2;\n    html_put(h, i2->c);\n"
     "    }\n    }\n"                                                                                                                        },
    {"partial",                  "{{> part a}}",                                    "    part_part(h, &p->a);\n"                             },
    {"partial of an item",       "{{#each a}}{{> part .}}{{/each}}",
     "    for (size_t k1 = 0; k1 < p->a.n; k1++) {\n    const __typeof__(*p->a.p) *i1 = "
     "&p->a.p[k1];\n"
     "    (void)i1;\n    part_part(h, &(*i1));\n    }\n"                                                                                     },
    {"partial with names",       "{{> part x=a.b y=\"c d?\" z=true n=12}}",
     "    part_part(h, &(const struct part_part){.x = p->a.b, .y = STR(\"c d\\?\"), .z = true, .n "
     "= 12, });\n"                                                                                                                           },
    {"partial without a struct", "{{> no}}",                                        "    part_no(h);\n"                                      },
    {"asset",                    "<a href=\"{{asset \"app.css\"}}\">",
     "    html_raw(h, STR(\"<a href=\\\"\"));\n    html_z(h, asset_url(ASSET_APP_CSS));\n"
     "    html_raw(h, STR(\"\\\">\"));\n"                                                                                                    },
    {"address of ours",          "<a href=\"/a/{{b}}\">",
     "    html_raw(h, STR(\"<a href=\\\"/a/\"));\n    html_put(h, p->b);\n    html_raw(h, "
     "STR(\"\\\">\"));\n"                                                                                                                    },
    {"branches of attributes",   "<i{{#if a}} b{{else}} c=\"{{d}}\"{{/if}}>",
     "    html_raw(h, STR(\"<i\"));\n    if (html_truth(p->a)) {\n    html_raw(h, STR(\" b\"));\n  "
     "  } else {\n"
     "    html_raw(h, STR(\" c=\\\"\"));\n    html_put(h, p->d);\n    html_raw(h, "
     "STR(\"\\\"\"));\n    }\n"
     "    html_raw(h, STR(\">\"));\n"                                                                                                        },
    {"script of a file",         "<script src=\"/x.js\"></script>",
     "    html_raw(h, STR(\"<script src=\\\"/x.js\\\"></script>\"));\n"                                                                      },
};

static void tags_become_calls(void **state)
{
    EACH_ROW (row, made) {
        struct str got = body_of(*state, row->text);

        if (!str_eq(got, str_from(row->want)))
            fail_msg("row \"%s\":\n%.*swant:\n%s", row->name, STR_ARG(got), row->want);
    }
}

static const struct {
    const char *name, *text, *said;
} refused[] = {
    {"open tag",                  "a\n{{b",                                 "a.html:2: '{{' without '}}'\n"                          },
    {"empty tag",                 "{{ }}",                                  "a.html:1: empty tag\n"                                  },
    {"odd name",                  "\n\n{{A}}",                              "a.html:3: 'A' is not a field name\n"                    },
    {"odd path",                  "{{a..b}}",                               "a.html:1: 'a..b' is not a field name\n"                 },
    {"code",                      "{{a->b}}",                               "a.html:1: 'a->b' is not a field name\n"                 },
    {"two words",                 "{{a b}}",                                "a.html:1: 'a b' is not a field name\n"                  },
    {"raw of another name",       "{{{about}}}",
     "a.html:1: raw 'about': only fields called …_html or …_svg may go out unescaped\n"                                          },
    {"raw in an attribute",       "<a title=\"{{{a_html}}}\">",
     "a.html:1: raw 'a_html' outside of element content\n"                                                                           },
    {"item without each",         "{{.a}}",
     "a.html:1: '.a' begins with a dot, but is not inside {{#each}}\n"                                                               },
    {"if not closed",             "{{#if a}}\n\n",                          "a.html:1: the {{#if}} of line 1 is not closed\n"        },
    {"closed by another",         "{{#if a}}\n{{/each}}",
     "a.html:2: {{/each}} closes the {{#if}} of line 1\n"                                                                            },
    {"closed twice",              "{{#if a}}{{/if}}\n{{/if}}",              "a.html:2: {{/if}} closes nothing\n"                     },
    {"unknown block",             "{{#with a}}{{/with}}",
     "a.html:1: expected {{#if field}} or {{#each field}}\n"                                                                         },
    {"if of nothing",             "{{#if}}{{/if}}",                         "a.html:1: expected {{#if field}} or {{#each field}}\n"  },
    {"else alone",                "{{else}}",                               "a.html:1: {{else}} without an open {{#if}}\n"           },
    {"else twice",                "{{#if a}}{{else}}{{else}}{{/if}}",
     "a.html:1: {{else}} without an open {{#if}}\n"                                                                                  },
    {"else of each",              "{{#each a}}{{else}}{{/each}}",
     "a.html:1: {{else}} without an open {{#if}}\n"                                                                                  },
    {"unknown partial",           "{{> nobody}}",
     "a.html:1: no partial 'nobody' (a file _nobody beside this one)\n"                                                              },
    {"partial wants a struct",    "{{> part}}",                             "a.html:1: partial 'part' needs an argument\n"           },
    {"partial takes none",        "{{> no a}}",                             "a.html:1: partial 'no' takes no argument\n"             },
    {"partial with two",          "{{> part a b}}",
     "a.html:1: partial 'part': one field, or name=value pairs\n"                                                                    },
    {"partial in a tag",          "<a {{> no}}>",                           "a.html:1: partial 'no' inside of a tag\n"               },
    {"half a pair",               "{{> part a=}}",                          "a.html:1: expected name=value instead of 'a='\n"        },
    {"open quote",                "{{> part a=\"b}}",                       "a.html:1: expected a \"quoted\" word instead of '\"b'\n"},
    {"odd number",                "{{> part a=1x}}",                        "a.html:1: '1x' is not a number\n"                       },
    {"asset without quotes",      "{{asset app.css}}",
     "a.html:1: expected a \"quoted\" word instead of 'app.css'\n"                                                                   },
    {"value in a tag",            "<a {{b}}>",
     "a.html:1: 'b' stands in a tag outside of a quoted attribute\n"                                                                 },
    {"unquoted value",            "<a id={{b}}>",
     "a.html:1: 'b' stands in a tag outside of a quoted attribute\n"                                                                 },
    {"value in a comment",        "<!-- {{b}} -->",                         "a.html:1: 'b' stands in an HTML comment\n"              },
    {"address of a field",        "<a href=\"{{b}}\">",
     "a.html:1: 'b' begins an address; call the field …_url or …_path\n"                                                         },
    {"inline script",             "<p>\n<script>\n</script>",
     "a.html:2: inline script: the Content-Security-Policy forbids it; use web/static/app.js\n"                                      },
    {"handler",                   "<p>\n\n<a onclick=\"x\">",
     "a.html:3: inline script: the Content-Security-Policy forbids it; use web/static/app.js\n"                                      },
    {"style element",             "<style></style>",
     "a.html:1: style: the Content-Security-Policy forbids it; use web/static/app.css\n"                                             },
    {"style attribute",           "<p style='a'>",
     "a.html:1: style: the Content-Security-Policy forbids it; use web/static/app.css\n"                                             },
    {"branch that closes a tag",  "<a{{#if b}}>{{/if}}",
     "a.html:1: the block of line 1 ends inside of a tag or attribute that it did not open\n"                                        },
    {"branch that opens a quote", "<a {{#if b}}c=\"{{else}}c=\"{{/if}}\">",
     "a.html:1: the block of line 1 ends inside of a tag or attribute that it did not open\n"                                        },
    {"ends in a tag",             "<a",                                     "a.html:1: the template ends inside of a tag\n"          },
};

static void mistakes_are_named_with_their_line(void **state)
{
    struct fixture *f = *state;

    write_file(f, "_part.html", "{{x}}");
    write_file(f, "_no.html", "no");
    EACH_ROW (row, refused) {
        struct str said;
        int status;

        write_file(f, "a.html", row->text);
        said = run(f, "a.html _part.html _no.html", &status);
        if (!str_eq(said, str_from(row->said)))
            fail_msg("row \"%s\": said \"%.*s\", want \"%s\"", row->name, STR_ARG(said), row->said);
        assert_row(row, status != 0);
    }
    assert_int_not_equal(access(arena_printf(f->mem, "%s/out.c", f->dir).p, F_OK), 0);
}

static void names_of_files_are_names(void **state)
{
    struct fixture *f = *state;
    int status;

    write_file(f, "Bad.html", "");
    assert_str(run(f, "Bad.html", &status),
               STR("Bad.html:1: a template's name is made of a-z, 0-9 and _\n"));
    assert_int_not_equal(status, 0);
    assert_str(run(f, "a.htm", &status), STR("a.htm:1: a template's name ends in .html\n"));
    assert_str(run(f, "gone.html", &status), STR("gone.html:1: cannot be read\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tags_become_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes_are_named_with_their_line, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_files_are_names, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

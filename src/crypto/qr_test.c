#include "base/unit.h"

#include "crypto/qr.h"

#include <unistd.h>

static struct qr make(struct arena *mem, struct str text)
{
    struct qr q;

    assert_true(qr_make(mem, text, &q));
    return q;
}

/* The three finder patterns and the dark module stand where ISO/IEC 18004 has them. */
static void the_matrix_is_a_qr_symbol(void **state)
{
    struct qr q = make(*state, STR("hello"));

    assert_int_equal(q.size, 21); /* version 1 */
    assert_int_equal(qr_view(&q), 29);
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(q.at[i], 1);                         /* top left, its top edge */
        assert_int_equal(q.at[q.size - 1 - i], 1);            /* top right */
        assert_int_equal(q.at[(q.size - 1) * q.size + i], 1); /* bottom left, its bottom edge */
    }
    assert_int_equal(q.at[7], 0);
    assert_int_equal(q.at[(q.size - 8) * q.size + 8], 1);
    for (size_t i = 0; i < (size_t)q.size * q.size; i++)
        assert_true(q.at[i] <= 1);
}

/* ISO/IEC 18004 table 7: level M has room for 14 bytes in version 1 and for 26 in version 2. */
static void the_level_is_m(void **state)
{
    assert_int_equal(make(*state, STR("fourteen bytes")).size, 21);
    assert_int_equal(make(*state, STR("fourteen bytes+")).size, 25);
    assert_int_equal(make(*state, STR("twenty-six bytes, exactly.")).size, 25);
    assert_int_equal(make(*state, STR("twenty-six bytes, exactly.+")).size, 29);
}

/* Draws the path again, module by module, by reading "Mx yhNv1h-Nz". */
static void the_path_draws_the_matrix(void **state)
{
    struct arena *mem = *state;
    struct qr q = make(mem, STR("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ"));
    uint8_t *drawn = arena_alloc(mem, (size_t)q.size * q.size);
    const char *p = qr_path(mem, &q).p;

    while (*p) {
        unsigned x, y, run, back;
        int used = 0;

        assert_int_equal(sscanf(p, "M%u %uh%uv1h-%uz%n", &x, &y, &run, &back, &used), 4);
        assert_true(used > 0 && run == back && x >= QR_QUIET && y >= QR_QUIET);
        assert_true(x - QR_QUIET + run <= q.size && y - QR_QUIET < q.size);
        memset(drawn + (y - QR_QUIET) * q.size + (x - QR_QUIET), 1, run);
        p += used;
    }
    assert_memory_equal(drawn, q.at, (size_t)q.size * q.size);
}

static void what_does_not_fit_is_refused(void **state)
{
    char text[QR_TEXT_MAX + 1];
    struct qr q;

    memset(text, '\xC3', sizeof(text));
    assert_true(qr_make(*state, (struct str){text, QR_TEXT_MAX}, &q));
    assert_int_equal(str_find(qr_path(*state, &q), 'M'), 0);
    assert_false(qr_make(*state, (struct str){text, QR_TEXT_MAX + 1}, &q));
    assert_false(qr_make(*state, STR_NONE, &q));
    assert_false(qr_make(*state, STR("a\0b"), &q));
}

static void the_element_needs_no_style_and_escapes_its_title(void **state)
{
    struct qr q = make(*state, STR("hello"));
    struct str svg = qr_svg(*state, &q, STR("a <b> & \"c\" 'd'"));

    assert_true(str_starts(svg, STR("<svg xmlns=\"http://www.w3.org/2000/svg\" "
                                    "viewBox=\"0 0 29 29\"")));
    assert_int_equal(str_find_str(svg, STR("style")), STR_NPOS);
    assert_int_equal(str_find_str(svg, STR("<b>")), STR_NPOS);
    assert_true(str_find_str(svg, STR("a &#60;b&#62; &#38; &#34;c&#34; &#39;d&#39;")) > 0);
    assert_true(str_find_str(svg, STR("fill=\"#fff\" d=\"M0 0h29v29H0z\"")) > 0);
}

/* ---- a second opinion: rsvg-convert draws it, zbarimg reads the pixels ---- */

static const struct {
    const char *name, *text;
} readable[] = {
    {"short",             "0"                               },
    {"enrolment",
     "otpauth://totp/Countersign:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
     "&issuer=Countersign&algorithm=SHA1&digits=6&period=30"},
    {"largest enrolment",
     "otpauth://totp/A%20service%20with%20a%20long%20name%20of%20several%20words:"
     "somebody.with.a.long.address%40department.university.example.org?secret="
     "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQ"
     "OJQGEZDGNA&issuer=A%20service%20with%20a%20long%20name%20of%20several%20words"
     "&algorithm=SHA512&digits=8&period=60"                 },
};

static void zbarimg_reads_it_back(void **state)
{
    struct arena *mem = *state;
    char folder[] = "/tmp/countersign-qr-XXXXXX";

    assert_non_null(mkdtemp(folder));
    EACH_ROW (row, readable) {
        struct qr q = make(mem, str_from(row->text));
        struct str svg = arena_printf(mem, "%s/q.svg", folder);
        struct str png = arena_printf(mem, "%s/q.png", folder), got;
        struct str command = arena_printf(
            mem, "rsvg-convert -z 8 -w %u '%s' -o '%s' && zbarimg -q --raw --nodbus '%s'",
            qr_view(&q) * 8, svg.p, png.p, png.p);
        FILE *f = fopen(svg.p, "w"), *p;
        char line[1024];
        size_t n;

        assert_non_null(f);
        fputs(qr_svg(mem, &q, STR("title")).p, f);
        fclose(f);
        p = popen(command.p, "r");
        assert_non_null(p);
        n = fread(line, 1, sizeof(line), p);
        if (pclose(p) != 0)
            fail_msg("row %s: not read; are librsvg2-bin and zbar-tools installed?", row->name);
        got = (struct str){line, n};
        got.n -= str_ends(got, STR("\n"));
        assert_str(got, str_from(row->text));
        unlink(svg.p);
        unlink(png.p);
    }
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_is_a_qr_symbol),
        cmocka_unit_test(the_level_is_m),
        cmocka_unit_test(the_path_draws_the_matrix),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(the_element_needs_no_style_and_escapes_its_title),
        cmocka_unit_test(zbarimg_reads_it_back),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}

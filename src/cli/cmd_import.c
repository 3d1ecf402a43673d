/*
 * cmd_import.c: people of another service, with the ids that the application has stored for them.
 */
#include "cli/command.h"
#include "cli/csv.h"
#include "core/identity.h"
#include "core/phone.h"
#include "core/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 64 * MIB, ROWS_AT_ONCE = 200, COMPLAINTS_MAX = 20 };

static const struct flag json_only[] = {
    {"json", FLAG_YES, offsetof(struct cli_args, json), NULL, "Print JSON, one object a line", 0,
     0},
};

/* ---- what a row says ---- */

enum column { AUTHY_ID, EMAIL, COUNTRY_CODE, CELLPHONE, COLUMNS };

/* The names that exports use, each with the column's own first. */
static const struct {
    const char *name;
    enum column column;
} names[] = {
    {"authy_id",     AUTHY_ID    },
    {"id",           AUTHY_ID    },
    {"user_id",      AUTHY_ID    },
    {"email",        EMAIL       },
    {"e-mail",       EMAIL       },
    {"country_code", COUNTRY_CODE},
    {"country",      COUNTRY_CODE},
    {"cellphone",    CELLPHONE   },
    {"phone_number", CELLPHONE   },
    {"phone",        CELLPHONE   },
};

static bool column_of(struct str name, enum column *out)
{
    EACH_ROW (n, names) {
        if (str_eq_nocase(str_from(n->name), name)) {
            *out = n->column;
            return true;
        }
    }
    return false;
}

struct import_row {
    unsigned line;
    struct str value[COLUMNS];
};

struct import {
    struct service service;
    struct str app_name;
    const struct import_row *rows; /* of this transaction */
    size_t count;
    int64_t taken, refused; /* out, of this transaction */
    struct buf said;        /* out: why rows were refused */
    int64_t all_taken, all_refused;
};

static void import_deinit(struct import *im)
{
    buf_deinit(&im->said);
}

static enum err take(struct ctx *cx, struct db *db, const struct import *im,
                     const struct import_row *row)
{
    struct str cc = row->value[COUNTRY_CODE];
    struct identity made;
    struct phone phone;
    int64_t id;

    if (!str_to_i64(row->value[AUTHY_ID], 1, INT32_MAX, &id))
        return fail(cx, ERR_INVALID, "authy_id is no number from 1 to 2147483647");
    if (!identity_email_ok(row->value[EMAIL]))
        return fail(cx, ERR_INVALID, "email is no address");
    if (phone_parse(cx, cc.n ? cc : STR("1"), row->value[CELLPHONE], &phone))
        return fail(cx, ERR_INVALID, "country_code and cellphone are no number");
    return identity_import(cx, db, im->service.id, id, phone.calling_code, phone.e164,
                           row->value[EMAIL], &made);
}

/* What one row lacks is found before anything of it is written, so the others go on. */
static enum err take_rows(struct ctx *cx, struct db *db, void *arg)
{
    struct import *im = arg;
    enum err e;

    im->taken = im->refused = 0;
    buf_reset(&im->said);
    for (size_t i = 0; i < im->count; i++) {
        e = take(cx, db, im, &im->rows[i]);
        if (e == OK) {
            im->taken++;
            continue;
        }
        if (e != ERR_INVALID && e != ERR_CONFLICT)
            return e;
        if (im->all_refused + im->refused++ < COMPLAINTS_MAX)
            buf_addf(&im->said, "line %u: %s\n", im->rows[i].line, cx->why);
    }
    return OK;
}

static enum err find_app(struct ctx *cx, struct db *db, void *arg)
{
    struct import *im = arg;

    return service_by_name(cx, db, im->app_name, &im->service);
}

/* ---- the two notations ---- */

struct source {
    struct str text;
    struct csv_reader csv;
    enum column columns[CSV_CELLS_MAX]; /* by the head; COLUMNS: not ours */
    size_t column_count;
    json_t *list; /* JSON; NULL for CSV */
    size_t at;
};

static void source_deinit(struct source *s)
{
    json_decref(s->list);
}

static enum err read_head(struct ctx *cx, struct source *s)
{
    struct csv_row head;
    bool found[COLUMNS] = {false}, more;
    enum err e = csv_next(cx, &s->csv, &head, &more);

    if (e || !more)
        return e ? e : fail(cx, ERR_INVALID, "the file is empty");
    for (size_t i = 0; i < head.n; i++) {
        s->columns[i] = COLUMNS;
        if (column_of(head.cell[i], &s->columns[i]))
            found[s->columns[i]] = true;
    }
    s->column_count = head.n;
    if (!found[AUTHY_ID] || !found[EMAIL] || !found[CELLPHONE])
        return fail(
            cx, ERR_INVALID,
            "the first line must name the columns: authy_id, email, country_code, cellphone");
    return OK;
}

static enum err source_open(struct ctx *cx, struct str text, struct source *out)
{
    struct str start = text;

    *out = (struct source){.text = text, .csv = {.rest = text}};
    if (str_starts(start, STR("\xEF\xBB\xBF"))) /* spreadsheets begin with it */
        out->csv.rest = start = str_sub(text, 3, text.n);
    while (start.n && (start.p[0] == ' ' || start.p[0] == '\n' || start.p[0] == '\r'))
        start = str_sub(start, 1, start.n);
    if (!str_starts(start, STR("[")))
        return read_head(cx, out);
    out->list = json_loadb(start.p, start.n, 0, NULL);
    return out->list ? OK : fail(cx, ERR_INVALID, "the file is no JSON list");
}

static struct str json_cell(struct ctx *cx, const json_t *v)
{
    if (json_is_integer(v))
        return arena_printf(cx->mem, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    return json_is_string(v)
               ? arena_str(cx->mem, (struct str){json_string_value(v), json_string_length(v)})
               : STR("");
}

static bool next_json(struct ctx *cx, struct source *s, struct import_row *out)
{
    json_t *o = json_array_get(s->list, s->at), *v;
    const char *key;
    enum column c;

    if (!o)
        return false;
    *out = (struct import_row){.line = (unsigned)++s->at}; /* the number of the object */
    json_object_foreach(o, key, v)
    {
        if (column_of(str_from(key), &c))
            out->value[c] = json_cell(cx, v);
    }
    return true;
}

static enum err next(struct ctx *cx, struct source *s, struct import_row *out, bool *out_more)
{
    struct csv_row row;
    enum err e;

    if (s->list) {
        *out_more = next_json(cx, s, out);
        return OK;
    }
    if ((e = csv_next(cx, &s->csv, &row, out_more)) || !*out_more)
        return e;
    *out = (struct import_row){.line = s->csv.line};
    for (size_t i = 0; i < row.n && i < s->column_count; i++) {
        if (s->columns[i] != COLUMNS)
            out->value[s->columns[i]] = row.cell[i];
    }
    return OK;
}

/* ---- the command ---- */

static enum err read_file(struct ctx *cx, struct str path, struct buf *out)
{
    char chunk[16 * KIB];
    FILE *f = fopen(path.p, "re");
    size_t n;
    enum err e = OK;

    if (!f)
        return fail(cx, ERR_NOT_FOUND, "%s cannot be read: %s", path.p, strerror(errno));
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        buf_add(out, (struct str){chunk, n});
    if (ferror(f))
        e = fail(cx, ERR_INVALID, "%s cannot be read", path.p);
    fclose(f);
    return e ? e : out->full ? fail(cx, ERR_INVALID, "the file has more than 64 MiB") : OK;
}

static enum err import_all(struct ctx *cx, struct store *store, struct source *s, struct import *im,
                           struct buf *complaints)
{
    struct import_row rows[ROWS_AT_ONCE];
    OWN(arena_free) struct arena *mem = arena_new();
    struct ctx part;
    bool more = true;
    enum err e = OK;

    im->rows = rows;
    while (more) {
        arena_reset(mem);
        ctx_init(&part, mem);
        for (im->count = 0; more && im->count < ROWS_AT_ONCE;) {
            e = next(&part, s, &rows[im->count], &more);
            if (!e && more)
                im->count++;
            if (e && im->all_refused++ < COMPLAINTS_MAX)
                buf_addf(complaints, "%s\n", part.why);
        }
        if (im->count && (e = store_run(&part, store, take_rows, im)))
            return fail(cx, e, "%s", part.why);
        if (im->count) {
            im->all_taken += im->taken;
            im->all_refused += im->refused;
            buf_add(complaints, buf_str(&im->said));
        }
    }
    return OK;
}

static enum err import_authy(struct ctx *cx, struct store *store, const struct cli_args *args,
                             struct cli_out *out)
{
    OWN(source_deinit) struct source s = {.list = NULL};
    OWN(buf_deinit) struct buf text = {.max = FILE_MAX};
    OWN(import_deinit) struct import im = {.app_name = args->words[0], .said = {.max = 64 * KIB}};
    struct str file = args->words[1];
    enum err e;

    if (!str_starts(file, STR("/")))
        file = arena_printf(cx->mem, "%.*s/%.*s", STR_ARG(args->cwd), STR_ARG(file));
    else
        file = arena_str(cx->mem, file);
    if ((e = store_run(cx, store, find_app, &im)) || (e = read_file(cx, file, &text)) ||
        (e = source_open(cx, buf_str(&text), &s)) ||
        (e = import_all(cx, store, &s, &im, &out->err)))
        return e;
    if (im.all_refused > COMPLAINTS_MAX)
        buf_addf(&out->err, "… and %lld more.\n", (long long)(im.all_refused - COMPLAINTS_MAX));
    if (args->json)
        out_json(out, json_pack("{s:I, s:I}", "imported", (json_int_t)im.all_taken, "refused",
                                (json_int_t)im.all_refused));
    else
        buf_addf(&out->out, "Imported %lld users into \"%.*s\"; %lld rows were refused.\n",
                 (long long)im.all_taken, STR_ARG(im.service.name), (long long)im.all_refused);
    return OK;
}

const struct command cmd_import_authy = {
    .group = "import",
    .name = "authy",
    .words = "NAME FILE",
    .words_min = 2,
    .words_max = 2,
    .summary = "Take over an application's users with their authy_id",
    .detail =
        "FILE is CSV whose first line names the columns authy_id, email, country_code and\n"
        "cellphone, or a JSON list of objects with these members. Rows that were imported before\n"
        "are left as they are, so that an import can be repeated. A running server reads the\n"
        "file with its own rights. Nobody is sent anything.",
    .example = "countersign import authy shop users.csv",
    .flags = json_only,
    .flag_count = COUNT_OF(json_only),
    .job = import_authy,
};

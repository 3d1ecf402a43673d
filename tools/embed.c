/*
 * embed: files to a C table. Run by the build:
 *
 *     embed OUT.h OUT.c FILE[.gz]...
 *
 * app.css gets the number ASSET_APP_CSS and the path /static/app.<hash>.css, whose hash changes
 * with the contents, so that browsers may keep it for ever. FILE.gz, when given too, is the same in
 * gzip.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 20, FILE_MAX = 1 << 20 };

static const struct {
    const char *ext, *type;
} types[] = {
    {".css",         "text/css; charset=utf-8"       },
    {".js",          "text/javascript; charset=utf-8"},
    {".svg",         "image/svg+xml"                 },
    {".png",         "image/png"                     },
    {".ico",         "image/x-icon"                  },
    {".txt",         "text/plain; charset=utf-8"     },
    {".webmanifest", "application/manifest+json"     },
};

struct file {
    const char *path, *name, *ext;
    unsigned char *bytes;
    size_t len;
};

static void die(const char *path, const char *why) __attribute__((noreturn));
static void die(const char *path, const char *why)
{
    fprintf(stderr, "%s:1: %s\n", path, why);
    exit(1);
}

static struct file file_read(const char *path)
{
    struct file f = {.path = path, .name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path};
    FILE *in = fopen(path, "rb");

    f.ext = strrchr(f.name, '.');
    f.bytes = malloc(FILE_MAX);
    if (!in || !f.bytes || !f.ext)
        die(path, "cannot be read, or has no extension");
    f.len = fread(f.bytes, 1, FILE_MAX, in);
    if (ferror(in) || f.len == FILE_MAX || fclose(in))
        die(path, "cannot be read, or is over 1 MiB");
    return f;
}

/* FNV-1a, folded to 32 bits. It tells versions apart; nobody trusts it with more. */
static uint32_t file_hash(const struct file *f)
{
    uint64_t h = 0xcbf29ce484222325;

    for (size_t k = 0; k < f->len; k++)
        h = (h ^ f->bytes[k]) * 0x100000001b3;
    return (uint32_t)(h ^ h >> 32);
}

static const char *file_type(const struct file *f)
{
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++)
        if (strcmp(f->ext, types[k].ext) == 0)
            return types[k].type;
    die(f->path, "no content type is known for this extension");
}

static void write_bytes(FILE *out, const char *what, size_t number, const struct file *f)
{
    fprintf(out, "static const char %s%zu[] = {", what, number);
    for (size_t k = 0; k < f->len; k++)
        fprintf(out, "%s%d,", k % LINE_BYTES ? "" : "\n    ", (signed char)f->bytes[k]);
    fprintf(out, "%s};\n", f->len ? "\n" : "0");
}

static void write_enum_name(FILE *out, const struct file *f)
{
    fputs("ASSET_", out);
    for (const char *c = f->name; *c; c++)
        fputc(isalnum((unsigned char)*c) ? toupper((unsigned char)*c) : '_', out);
}

static bool is_gzip_of(const struct file *gz, const struct file *f)
{
    size_t n = strlen(f->name);

    return strncmp(gz->name, f->name, n) == 0 && strcmp(gz->name + n, ".gz") == 0;
}

static const struct file *gzip_of(const struct file *f, const struct file *all, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (is_gzip_of(&all[k], f))
            return &all[k];
    return NULL;
}

static void write_row(FILE *out, const struct file *f, size_t number, bool gz)
{
    char path[256], etag[16];

    snprintf(etag, sizeof etag, "%08x", file_hash(f));
    snprintf(path, sizeof path, "/static/%.*s.%s%s", (int)(f->ext - f->name), f->name, etag,
             f->ext);
    fputs("    [", out);
    write_enum_name(out, f);
    fprintf(out, "] = {\"%s\", \"%s\", {\"W/\\\"%s\\\"\", %zu}, {b%zu, %zu}, ", path, file_type(f),
            etag, strlen(etag) + 4, number, f->len);
    if (gz)
        fprintf(out, "{z%zu, sizeof z%zu}},\n", number, number);
    else
        fputs("{NULL, 0}},\n", out);
}

int main(int argc, char **argv)
{
    size_t count = argc > 3 ? (size_t)argc - 3 : 0;
    struct file *all;
    FILE *h, *c;

    if (!count || !(h = fopen(argv[1], "wb")) || !(c = fopen(argv[2], "wb"))) {
        fprintf(stderr, "usage: embed OUT.h OUT.c FILE...\n");
        return 2;
    }
    all = calloc(count, sizeof *all);
    if (!all)
        abort();
    for (size_t k = 0; k < count; k++)
        all[k] = file_read(argv[k + 3]);

    fputs("/* Made by tools/embed from web/static; do not edit. */\n#pragma once\n\n"
          "#include \"portal/static.h\"\n\nenum asset {\n",
          h);
    fputs("/* Made by tools/embed from web/static; do not edit. */\n#include \"assets.h\"\n\n", c);
    for (size_t k = 0; k < count; k++) {
        const struct file *gz = gzip_of(&all[k], all, count);

        if (strcmp(all[k].ext, ".gz") == 0)
            continue;
        fputs("    ", h);
        write_enum_name(h, &all[k]);
        fputs(",\n", h);
        write_bytes(c, "b", k, &all[k]);
        if (gz)
            write_bytes(c, "z", k, gz);
    }
    fputs("    ASSET_COUNT,\n};\n\nextern const struct asset_file asset_files[ASSET_COUNT];\n", h);
    fputs("\nconst struct asset_file asset_files[ASSET_COUNT] = {\n", c);
    for (size_t k = 0; k < count; k++)
        if (strcmp(all[k].ext, ".gz") != 0)
            write_row(c, &all[k], k, gzip_of(&all[k], all, count) != NULL);
    fputs("};\n", c);

    for (size_t k = 0; k < count; k++)
        free(all[k].bytes);
    free(all);
    return fclose(h) || fclose(c) ? 1 : 0;
}

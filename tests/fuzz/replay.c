/*
 * replay.c: main for a fuzz target without libFuzzer: hands every file of the given folder to it.
 * A bug shows itself as a crash or a sanitizer's report; an empty folder is a failed test.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1024 * 1024 };

/* A block of exactly the file's size, so that ASan sees a read one byte too far. */
static void replay(const char *path)
{
    static uint8_t data[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    size_t n;
    uint8_t *exact;

    if (!f) {
        perror(path);
        exit(1);
    }
    n = fread(data, 1, sizeof data, f);
    fclose(f);
    exact = malloc(n ? n : 1);
    if (!exact)
        exit(1);
    for (size_t i = 0; i < n; i++)
        exact[i] = data[i];
    fprintf(stderr, "%s\n", path); /* the last name before a crash is the culprit */
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

int main(int argc, char **argv)
{
    struct dirent **names = NULL;
    int count = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
    int replayed = 0;

    for (int i = 0; i < count; i++) {
        char path[4096];

        if (names[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
            replay(path);
            replayed++;
        }
        free(names[i]);
    }
    free(names);
    printf("1..1\n%s 1 - %d inputs replayed\n", replayed ? "ok" : "not ok", replayed);
    return replayed ? 0 : 1;
}

/*
 * Runs a fuzz target over its corpus, a test a file.  A finding kills the
 * program, as it does under libFuzzer.
 *
 *   fuzz_NAME FOLDER
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *folder, const char *name, unsigned number)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("not ok %u - %s cannot be read\n", number, name);
        return -1;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    /* A copy of its own size, so that a sanitizer sees a read past the end. */
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact)
        abort();
    for (size_t i = 0; i < size; i++)
        exact[i] = bytes[i];
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    printf("ok %u - %s\n", number, name);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned n = 0;
    int failed = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;

    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.' && run_file(argv[1], entry->d_name, ++n))
            failed = 1;
    closedir(folder);
    printf("1..%u\n", n);
    return failed || n == 0;
}

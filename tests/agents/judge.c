/*
 * What each line of the input is taken for as a User-Agent, a line each.
 */
#include "crumb/ingest/agent_bot.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;

    while ((size = getline(&line, &room, stdin)) > 0) {
        size -= line[size - 1] == '\n';
        puts(agent_bot((struct text){.data = line, .size = (size_t)size}) == BOT_NONE ? "person" : "program");
    }
    free(line);
    return 0;
}

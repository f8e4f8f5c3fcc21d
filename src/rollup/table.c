/*
 * What is known of each column, from the one list in table.h.
 */
#include "crumb/rollup/table.h"
#include <stdlib.h>

static const struct column_fact {
    enum relation relation;
    int refers;
    const char *name;
} facts[COLUMN_N] = {
#define COLUMN(relation, name, refers) {RELATION_##relation, refers, #name},
    TABLE_COLUMNS(COLUMN)
#undef COLUMN
};

void table_deinit(struct table *table)
{
    for (unsigned i = 0; i < COLUMN_N; i++)
        free(table->columns[i]);
    free(table->texts.ends);
    free(table->texts.bytes);
    *table = TABLE_INIT;
}

enum relation table_relation(enum column column) { return facts[column].relation; }
int table_refers(enum column column) { return facts[column].refers; }
const char *table_column_name(enum column column) { return facts[column].name; }

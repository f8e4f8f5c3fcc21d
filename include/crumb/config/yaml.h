/*
 * YAML as crumb's files use it: one document of mappings, lists and texts,
 * each place in it with its path and line for complaints.  Anchors, aliases
 * and tags are refused: no file of ours needs them, and through aliases a
 * small file can stand for a huge or endless tree.
 *
 * Reading never stops at a mistake: a call that finds one adds a complaint and
 * yields nothing.  A lack of memory sticks in the document and is asked for
 * once, at the end (yaml_fault).  walk.h reads with this.
 */
#pragma once

#include "crumb/config/complaints.h"
#include <stdbool.h>

enum { YAML_E_BROKEN = 1 };

struct yaml;

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAPPING };

/* A place in the document. It refers to the places above it, which must outlive it. */
struct yaml_at {
    struct yaml *yaml;
    const struct yaml_at *above; /* NULL: the document itself */
    struct text key;             /* its key in a mapping; data NULL in a list */
    unsigned index;              /* its number in a list */
    unsigned line;               /* where its key or list item begins */
    int node;
};

/*
 * (Open and close, not new and free: libyaml exports a yaml_free() of its own,
 * and calls ours where we have one.)
 *
 * Parses @bytes, which may go once this returned.  @file, named in
 * complaints, and @complaints must outlive the document.
 * YAML_E_BROKEN: it is no YAML, or not of the kind we take; complained about.
 */
int yaml_open(struct text bytes, const char *file, struct complaints *complaints, struct yaml **ret_yaml);
struct yaml *yaml_close(struct yaml *yaml);

/* The name that yaml_open() was given. */
const char *yaml_file(const struct yaml *yaml);

/* Remembers the first @fault (negative) of a reader. */
void yaml_fail(struct yaml *yaml, int fault);
/* 0 or the first fault. */
int yaml_fault(const struct yaml *yaml);

struct yaml_at yaml_root(struct yaml *yaml);
enum yaml_kind yaml_kind(const struct yaml_at *at);

/* The number of entries of the mapping or list there; 0 for a text. */
unsigned yaml_size(const struct yaml_at *at);
/* The list's item, or the mapping's entry, of a number below yaml_size(). @at must be of that kind. */
struct yaml_at yaml_item(const struct yaml_at *at, unsigned i);
struct yaml_at yaml_entry(const struct yaml_at *at, unsigned i);

/* True for what YAML takes for no value: nothing, ~ or null. */
bool yaml_is_null(const struct yaml_at *at);

/* True where there is a @kind; complains otherwise. */
bool yaml_expect(const struct yaml_at *at, enum yaml_kind kind);
/* The text there, lent for as long as the document lives. False, with a complaint: there is a list or a mapping. */
bool yaml_text(const struct yaml_at *at, struct text *ret_text);

/* Complains: "FILE:LINE: path: what". */
void yaml_complain(const struct yaml_at *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same behind the text that stands there: "FILE:LINE: path: "text" what". */
void yaml_refuse(const struct yaml_at *at, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* At most COMPLAINT_QUOTE_BYTES_MAX bytes of @text, cut between characters: what a complaint may show of it. */
struct text yaml_shorten(struct text text);

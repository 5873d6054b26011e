/* Rules over the sequence of entries: what each says about those before it. */
#ifndef WL_VERIFY_WALK_H
#define WL_VERIFY_WALK_H

#include <stddef.h>

#include "verify/report.h"

struct verify_walk; /* opaque */

struct verify_walk *verify_walk_new(int dirfd, struct verify_report *r); /* NULL without memory */
struct verify_walk *verify_walk_free(struct verify_walk *w);
/* The next entry, as it lies. Findings go to the report. */
void verify_walk_entry(struct verify_walk *w, const char *p, size_t n);
/* After the last: what is still open. */
void verify_walk_end(struct verify_walk *w);

#endif

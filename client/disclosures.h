/* Every release made for one case, from the ledger's entries (requirement I-02). */
#ifndef WL_CLIENT_DISCLOSURES_H
#define WL_CLIENT_DISCLOSURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct wl_disclosures {
	const char *case_id;
	int64_t from, to;  /* seconds; of the intent's time, both included */
	json_t *opened;    /* transfer: its transfer.opened */
	json_t *approvals; /* entry's id: actor */
	json_t *rows;      /* one object per release.intent, in the ledger's order */
	uint64_t entries;  /* gone through */
};

/* 0 or -ENOMEM. */
int wl_disclosures_begin(struct wl_disclosures *d, const char *case_id, int64_t from, int64_t to);
/* The next entry, in the ledger's order. Entries of other cases are passed over. */
void wl_disclosures_add(struct wl_disclosures *d, const json_t *entry);
void wl_disclosures_clear(struct wl_disclosures *d); /* for WL_CLEANUP */

/* The page: both languages, no script, nothing from elsewhere, every text escaped. `now`: when it
 * was made. `test`: a test station's. */
void wl_disclosures_page(FILE *out, const struct wl_disclosures *d, const char *station, bool test,
                         int64_t now);

#endif

/*
 * Who had what in hands, from opening to acknowledgement, of one transfer: made from the ledger's
 * entries alone (requirements H-01 to H-04, H-07).
 */
#ifndef WL_CLIENT_CUSTODY_H
#define WL_CLIENT_CUSTODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct wl_custody {
	json_t *own;       /* the transfer's entries, as parsed, in the ledger's order */
	json_t *around;    /* entries about the station and the media, in the ledger's order */
	json_t *media;     /* insertions the transfer names: true */
	json_t *inspected; /* outputs whose inspection is over: true */
	json_t *proved; /* text: the last release.intent as it lies, or where none is the last entry
	                 */
	json_t *report; /* made by wl_custody_finish; the members are told in weighlock(1) */
};

/* What else the page says; borrowed. */
struct wl_custody_papers {
	const char *station, *origin, *vkey, *fingerprint, *certificate_sha256,
	        *certificate_expired;
	const char *checkpoint, *cosigned, *receipt;
	bool test;
	int64_t now;
};

/* 0 or -ENOMEM. */
int wl_custody_begin(struct wl_custody *c);
/* The transfer's next entry, as the ledger has it. 0, -EBADMSG where it is no entry. */
int wl_custody_own(struct wl_custody *c, const char *text);
/* An entry about the station or a medium; after all of the transfer's own. Others are passed over,
 * and so are media the transfer does not name. */
int wl_custody_around(struct wl_custody *c, const char *text);
/* Makes the report. 0, -ENOENT where nothing opened the transfer, -ENOMEM. */
int wl_custody_finish(struct wl_custody *c);
void wl_custody_clear(struct wl_custody *c); /* for WL_CLEANUP */

/* custody_gaps.c: fills report's gaps[], faults[] and starts[]. */
void wl_custody_gaps(struct wl_custody *c);
/* "STN3#81" of an entry. */
void wl_custody_id(const json_t *entry, char buf[64]);

/* custody_page.c: the whole page, both languages, no script, every text escaped. */
void wl_custody_page(FILE *out, const struct wl_custody *c, const struct wl_custody_papers *p);
/* custody_check.c: its last part, how somebody who has neither station nor weighlock checks it. */
void wl_custody_check(FILE *out, const struct wl_custody *c, const struct wl_custody_papers *p);

#endif

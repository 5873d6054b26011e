/*
 * Grants: ledgerd's leave to write to one medium, once, after the intent is durable (DESIGN 2).
 *
 * Pure; seconds are those of CLOCK_BOOTTIME, so a clock set back does not prolong a grant.
 */
#ifndef WL_UDEV_GRANTS_H
#define WL_UDEV_GRANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/base/ids.h"
#include "daemon/base/limits.h"

#define WL_BOOT_TEXT 33 /* boot id without its dashes */

struct wl_grant {
	char kind[17]; /* "release" or "wipe" */
	char intent[WL_ID_TEXT];
	char port[WL_ID_TEXT];
	uint64_t diskseq;
	char insertion[WL_ID_TEXT];
	char boot[WL_BOOT_TEXT];
	int64_t until_s; /* set by wl_grants_add */
};

/* Zero-initialise and set boot. */
struct wl_grants {
	char boot[WL_BOOT_TEXT];
	unsigned n;
	struct wl_grant grant[WL_GRANTS_MAX];
	struct {
		char intent[WL_ID_TEXT], insertion[WL_ID_TEXT];
	} spent[WL_GRANTS_MAX]; /* the last ones used, oldest overwritten */
	unsigned spent_next;
};

/*
 * Takes a grant. The same again, still unused, is no error and prolongs nothing. 0, or -EBADMSG:
 * station.no-grant for another boot, an unknown kind, an id that is none, an intent already used or
 * known with other words; station.busy where WL_GRANTS_MAX are waiting.
 */
int wl_grants_add(struct wl_grants *t, const struct wl_grant *grant, int64_t now_s,
                  struct wl_finding *ret_finding);

/* Looks without using up. 0, or -EBADMSG with station.no-grant: none, used, or out of date. */
int wl_grants_find(struct wl_grants *t, const char *intent, int64_t now_s,
                   struct wl_grant *ret_grant, struct wl_finding *ret_finding);

/* Uses it up, for good; also where the ledger says that the intent has ended. */
void wl_grants_spend(struct wl_grants *t, const char *intent);
/* The insertion with this DISKSEQ has ended: what was granted for it is void, for good. */
void wl_grants_medium_gone(struct wl_grants *t, uint64_t diskseq);

#endif

/*
 * Checking a bag without a station: files against manifests, the record against both, its
 * signature.
 *
 * Nothing of the bag is believed before it is checked, and what could not be checked is said
 * (weighlock-bag(5); RFC 8493).
 */
#ifndef WL_CLIENT_BAG_CHECK_H
#define WL_CLIENT_BAG_CHECK_H

#include <jansson.h>

#include "client/bag_manifest.h"
#include "client/cli.h"
#include "daemon/base/text.h"
#include "policy/items.h"

#define WL_BAG_FINDINGS_MAX 100U

struct wl_bag_finding {
	enum wl_rule rule;
	char file[3 * WL_BAG_NAME_MAX + 1]; /* escaped; "" where it is about the whole */
	char detail[WL_DETAIL_MAX + 1];
};

struct wl_bag_check {
	int folder; /* -1 until opened */
	struct wl_items items;
	struct wl_bag_lines payload, payload512, tags;
	uint64_t bytes;                                    /* of the payload */
	char date[11], transfer[64], output[64], oxum[64]; /* of bag-info.txt */
	json_t *record;                                    /* custody.json, once it was read */
	bool encrypted;
	size_t litter; /* files an operating system left at the root; not of the bag */
	struct wl_bag_finding finding[WL_BAG_FINDINGS_MAX];
	size_t findings, more; /* beyond WL_BAG_FINDINGS_MAX */
};

void wl_bag_check_clear(struct wl_bag_check *c); /* for WL_CLEANUP; start from {.folder = -1} */

/* Structure, names, sizes and digests. 0 also where there are findings; else an exit status, said.
 */
int wl_bag_check_files(const struct wl_cli *cli, const char *path, struct wl_bag_check *c);
/* custody.json against the payload and bag-info.txt. Same. */
int wl_bag_check_record(const struct wl_cli *cli, struct wl_bag_check *c);
/* The same of its bytes: findings, and c->record. */
void wl_bag_record_compare(struct wl_bag_check *c, const void *text, size_t n);
/* Adds a finding. `file` raw, or NULL. */
void wl_bag_found(struct wl_bag_check *c, enum wl_rule rule, const char *file, const char *detail);

/* Says every finding and the rule; with --json adds verdict, rule, rules[], findings[] to *o. */
void wl_bag_findings_say(const struct wl_cli *cli, const struct wl_bag_check *c, json_t *o);

/* A text of the record's, "" where it has none. */
const char *wl_bag_record_text(const struct wl_bag_check *c, const char *member);

#endif

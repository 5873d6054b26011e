/*
 * The decisions of an export: may it be opened (requirements C-01 to C-03, C-15, C-18), what
 * becomes of each file in each output (C-08, C-11, C-14), in what order pictures are numbered
 * (INTERFACES 2), and what an output comes to. Pure: facts go in, verdicts with rules come out.
 */
#ifndef WL_POLICY_EXPORT_H
#define WL_POLICY_EXPORT_H

#include "policy/decide.h"
#include "policy/items.h"
#include "policy/model.h"
#include "policy/scans.h"

/* ---- threat image projection: what the scanner may have put into a picture (C-15) ---- */

enum wl_tip_state { WL_TIP_NONE = 0, WL_TIP_OFF, WL_TIP_REAL, WL_TIP_PROJECTED, WL_TIP_UNKNOWN };
enum wl_tip_state wl_tip_find(const char *name); /* WL_TIP_NONE where it is no state */
const char *wl_tip_name(enum wl_tip_state state);

/* The state of one scan: an exception "118833=projected" counts before the batch's state. */
enum wl_tip_state wl_tip_of(enum wl_tip_state batch, const char *const *exceptions, size_t n,
                            const char *scan);
/* Whether every exception is SCAN=STATE. */
bool wl_tip_exceptions_are_good(const char *const *exceptions, size_t n);

/* ---- opening ---- */

struct wl_export_request {
	const char *device;
	/* NULL or "": not named */
	const char *case_id, *authority, *reference, *requester, *tip_state;
	const char *arrangement; /* with a foreign state: authority ca-107-8 (C-03) */
	const char *consent;     /* of the person concerned: ca-107-9 */
	const char *notice;      /* to the Privacy Commissioner: ca-107-6 (I-03) */
	const char *paragraph;   /* of Privacy Act 8(2): ca-pa-8-2 */
	unsigned outputs;        /* enum wl_output_kind bits */
	const char *const *recipients;
	size_t nrecipients;
	bool has_scans, has_window, has_clock; /* what the scanner's clock shows */
};

/* Collects why not; *ret empty: it may be opened. detail: what the first rule is about. */
void wl_export_check_request(const struct wl_policy *p, const struct wl_export_request *r,
                             struct wl_rules *ret, char detail[WL_DETAIL_MAX + 1]);
/* The name of the field that this authority demands besides ("arrangement"), or NULL. */
const char *wl_export_field_of(const char *authority);

/* Whether so much may be kept: WL_RULE_NONE or export.volume-cap with its key. day_left: pictures
 * the person may still take out today. */
enum wl_rule wl_export_check_volume(const struct wl_policy *p, uint64_t files, uint64_t bytes,
                                    uint64_t day_left, const char **ret_key);

/* ---- outputs ---- */

#define WL_EXPORT_PATH_MAX     80U /* data/scrubbed/STATION12-T000042.00003.png.p7m */
#define WL_EXPORT_SHA512_BYTES 64U

/* One file of one output, or one source file that did not get into it. */
struct wl_export_line {
	const struct wl_item *source;
	char scan[WL_SCAN_TEXT];
	enum wl_tip_state tip;
	enum wl_verdict verdict;
	enum wl_rule rule;
	char policy_key[WL_POLICY_KEY_MAX];
	char detail[WL_DETAIL_MAX + 1];
	/* of what leaves: */
	uint32_t page;                 /* of a source with several pictures, from 0 */
	uint32_t number;               /* scrubbed: wl_export_number; evidence: the item's */
	char path[WL_EXPORT_PATH_MAX]; /* in the bag; "" where nothing leaves */
	uint64_t bytes;                /* as it lies on the medium, sealed where it is encrypted */
	uint8_t sha256[WL_SHA256_BYTES], sha512[WL_EXPORT_SHA512_BYTES];
	uint64_t plain_bytes; /* before it was encrypted */
	uint8_t plain_sha256[WL_SHA256_BYTES];
	/* of a rebuilt picture: */
	bool rebuilt;
	char format[8]; /* it was decoded from */
	uint8_t samples_sha256[WL_SHA256_BYTES];
	uint64_t width, height, bits, channels;
	uint32_t masked; /* bit i: the device's mask i was laid */
};

struct wl_export_output {
	enum wl_output_kind kind;
	bool encrypted;
	struct wl_export_line *v; /* in ascending order of items and pages */
	size_t n, room;
	/* wl_export_conclude: */
	enum wl_verdict verdict;
	enum wl_rule rule;
	struct wl_rules holds;
	uint64_t files, refused, left, bytes;
};

const char *wl_output_kind_name(enum wl_output_kind kind); /* "scrubbed", "evidence" */
/* Adds a line; 0 or -ENOMEM. */
int wl_export_add(struct wl_export_output *o, const struct wl_export_line *line);
void wl_export_clear(struct wl_export_output *o);

/* Numbers what leaves: scrubbed by (scan id, samples), so that nothing of a source's name, order or
 * time shows (invariant 10); evidence by the item. */
void wl_export_number(struct wl_export_output *o);
/* A source that was refused, while a later reading brought the same scan: leave.replaced. */
void wl_export_replace(struct wl_export_output *o);
/* Verdict, counts and holds of each output together. missing: scans asked for and not found. False
 * where nothing at all is left (export.empty). */
bool wl_export_conclude(struct wl_export_output *outputs, size_t n, size_t missing);

/* The manifest (INTERFACES 6): what leaves by its place in the bag, everything else by its source.
 */
int wl_export_manifest(const struct wl_export_output *o, const char *transfer, char **ret,
                       size_t *ret_n, uint8_t ret_sha256[WL_SHA256_BYTES]);

#endif

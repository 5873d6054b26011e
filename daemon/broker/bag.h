/*
 * The bag an output leaves in: BagIt 1.0 (RFC 8493), composed here, written by build-volume.
 *
 * Pure: the caller hands in digests that are facts and the three files ledgerd signed; out come the
 * bytes of every tag file and the order of all files on the volume. Nothing of a source reaches it
 * but what the caller names. Equal orders give equal bytes; the payload's paths and the two payload
 * manifests depend on the payload alone (invariant 10).
 */
#ifndef WL_BROKER_BAG_H
#define WL_BROKER_BAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/bytes.h"
#include "daemon/base/ids.h"
#include "daemon/base/sha256.h"

#define WL_SHA512_BYTES      64
#define WL_BAG_PATH_MAX      64 /* of a payload file, with its NUL */
#define WL_BAG_TAG_FILES_MAX 12U

enum wl_bag_output { WL_BAG_SCRUBBED = 1, WL_BAG_EVIDENCE };

/* "scrubbed", "evidence" */
const char *wl_bag_output_name(enum wl_bag_output output);

/*
 * The path of a payload file. scrubbed: "data/scrubbed/STN3-T000042.00003.png", `number` being that
 * of the output picture (INTERFACES 2). evidence: "data/evidence/STN3-T000042.00007.jpg", `number`
 * that of the item, `source_name` (n bytes as the medium said, may be NULL) giving its extension
 * out of a closed list, else "bin". ".p7m" follows where it is encrypted. -EINVAL for a transfer
 * that is none or a number of 0 or above 99999.
 */
int wl_bag_path(enum wl_bag_output output, const char *transfer, uint32_t number,
                const void *source_name, size_t n, bool encrypted, char buf[WL_BAG_PATH_MAX]);

/* One payload file, as it lies on the volume (encrypted where it is). */
struct wl_bag_payload {
	char path[WL_BAG_PATH_MAX];
	uint64_t bytes;
	uint8_t sha256[WL_SHA256_BYTES];
	uint8_t sha512[WL_SHA512_BYTES];
};

struct wl_bag_order {
	const char *transfer; /* "STN3-T000042" */
	enum wl_bag_output output;
	int64_t time;   /* of the intent */
	bool encrypted; /* the payload is CMS EnvelopedData */
	bool test;      /* mode: test; the pages say so */
	const struct wl_bag_payload *payload;
	size_t payload_n;
	struct wl_bytes custody, signature,
	        receipt; /* custody.json, custody.json.p7s, receipt.txt */
};

/* A tag file. Names are fixed, ASCII, legal on Windows. */
struct wl_bag_tag {
	const char *name; /* "bagit.txt" */
	char *bytes;      /* owned by the bag */
	size_t n;
	uint8_t sha256[WL_SHA256_BYTES];
};

/* The tag files in the order in which they stand on the volume, before the payload in its order. */
struct wl_bag {
	struct wl_bag_tag tag[WL_BAG_TAG_FILES_MAX];
	size_t n;
};

/*
 * Composes. The payload must ascend by path without repetition, each path as wl_bag_path makes it
 * for this output and transfer, and must not be empty; custody, signature and receipt must not be
 * empty: else -EINVAL. -ENOMEM; -EIO where libcrypto fails.
 */
int wl_bag_compose(const struct wl_bag_order *order, struct wl_bag *ret);
void wl_bag_clear(struct wl_bag *bag); /* for WL_CLEANUP; start from {0} */

#endif

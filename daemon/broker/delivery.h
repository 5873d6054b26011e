/* The files of an output, read back from the manifest that lies in the vault. */
#ifndef WL_BROKER_DELIVERY_H
#define WL_BROKER_DELIVERY_H

#include "daemon/base/finding.h"
#include "daemon/base/ids.h"
#include "daemon/base/sha256.h"
#include "daemon/broker/vault.h"

struct wl_delivery_file {
	uint8_t *path; /* raw bytes */
	size_t path_n;
	uint64_t bytes;
	uint8_t sha256[WL_SHA256_BYTES];
	uint32_t number; /* of the item in the vault */
};

struct wl_delivery {
	struct wl_delivery_file *v;
	size_t n;
	uint64_t bytes;
};

/*
 * Reads a manifest of a transfer (`name`: "out/manifest"), whose SHA-256 must be `manifest_sha256`
 * (hex), and takes its `pass` lines. 0; -EBADMSG (medium.changed in *f) where the vault holds
 * another one or none.
 */
int wl_delivery_load(const struct wl_vault *v, const char *transfer, const char *name,
                     const char *manifest_sha256, struct wl_delivery *ret, struct wl_finding *f);
/* Where the manifest of an output lies: "out/manifest", "out/manifest.scrubbed" … */
void wl_delivery_manifest_name(const char *output, char buf[WL_ID_TEXT + 16]);
/* Only the reading of the text; for tests. 0, -EINVAL, -ENOMEM. `text` is changed. */
int wl_delivery_parse(char *text, struct wl_delivery *ret);
void wl_delivery_clear(struct wl_delivery *d); /* for WL_CLEANUP; start from {0} */

/* The file with this path, or NULL. */
const struct wl_delivery_file *wl_delivery_find(const struct wl_delivery *d, const void *path,
                                                size_t n);

#endif

/*
 * Signatures looked at without a station: the `signature` worker says what a file claims, the
 * `check` worker verifies it over the content (DESIGN 2).
 */
#ifndef WL_CLIENT_SIGNATURE_CHECK_H
#define WL_CLIENT_SIGNATURE_CHECK_H

#include <stdint.h>

#include "daemon/base/sha256.h"
#include "daemon/base/work.h"

#define WL_CHECK_KEYS_MAX  16U
#define WL_CHECK_FILES_MAX 8U

struct wl_check_file {
	int fd;
	uint8_t der_sha256[WL_SHA256_BYTES];
};

struct wl_check_order {
	const char *purpose; /* "vendor": any key, under `anchors` where there are any; "authority":
	                      * only keys of `certificates` */
	int content_fd;
	int signature_fd;
	struct wl_check_file anchors[WL_CHECK_FILES_MAX], certificates[WL_CHECK_FILES_MAX];
	size_t nanchors, ncertificates;
	int64_t time;
};

struct wl_check_key {
	uint8_t spki_sha256[WL_SHA256_BYTES]; /* a fact: the content verifies under this key */
	char subject[201];                    /* a claim, escaped */
};

struct wl_check_keys {
	struct wl_check_key v[WL_CHECK_KEYS_MAX];
	size_t n;
};

/*
 * One signature file. Adds each key found good, once, to *keys. 0 where at least one was good;
 * -EBADMSG with the first finding where none was; other negative errno: fault.
 */
int wl_signature_check(struct wl_spawn *spawn, const struct wl_check_order *order,
                       struct wl_check_keys *keys, struct wl_finding *ret_finding);

#endif

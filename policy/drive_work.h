/* Inside of drive: the conversations with the workers `signature`, `check` and `unpack`. */
#ifndef WL_POLICY_DRIVE_WORK_H
#define WL_POLICY_DRIVE_WORK_H

#include "policy/drive.h"

/* Where what a worker says goes. Each returns 0, -E2BIG (the worker is then taken to lie) or
 * another negative errno. Those of no use may be NULL: such a message is then a lie too. */
struct wl_drive_sink {
	int (*signer)(void *user, const struct wl_signature_claim *claim);
	int (*line)(void *user, const void *path, size_t n, const uint8_t sha256[WL_SHA256_BYTES]);
	int (*key)(void *user, const uint8_t spki_sha256[WL_SHA256_BYTES]);
	int (*finding)(void *user, const struct wl_finding *finding);
	void *user;
};

struct wl_drive_file {
	int fd; /* the caller's */
	enum wl_role role;
	bool has_sha256;
	uint8_t sha256[WL_SHA256_BYTES];
};

struct wl_drive_run {
	struct wl_spawn *spawn;
	struct wl_message *m; /* scratch, initialised */
	const struct wl_drive_sink *sink;
	void (*progress)(void *user, uint64_t done, uint64_t total);
	void *progress_user;
};

struct wl_drive_order {
	const char *purpose;               /* signature */
	int64_t time;                      /* signature */
	const struct wl_drive_file *files; /* handed over in this order */
	size_t nfiles;
	const uint8_t (*pins)[WL_SHA256_BYTES];
	size_t npins;
	const struct wl_signature_claim *claim; /* check of a signature; NULL: of lines */
	const uint8_t *content_sha256;          /* check of a signature; may be NULL */
	const char *format;                     /* unpack */
	uint64_t files_max, bytes_max;          /* unpack */
};

/* Each is one worker from beginning to end. 0 (whatever was found; a dead, late or lying worker is
 * a finding too), or negative errno for a fault of the machine or of the sink. */
int wl_drive_signature(struct wl_drive_run *r, const struct wl_drive_order *o);
int wl_drive_check(struct wl_drive_run *r, const struct wl_drive_order *o);
int wl_drive_unpack(struct wl_drive_run *r, const struct wl_drive_order *o);

#endif

/*
 * Employing `seal`: copies of files for an output, plain or encrypted to recipients, with facts.
 *
 * One worker serves all files of an output. With recipients each file becomes CMS EnvelopedData of
 * its own (RFC 5652), AES-256-CBC, key by RSA-OAEP or ECDH: what `openssl cms -decrypt` and the
 * EnvelopedCms of Windows read. Memory is constant whatever the size.
 */
#ifndef WL_BASE_WORK_SEAL_H
#define WL_BASE_WORK_SEAL_H

#include "daemon/base/work.h"
#include "daemon/base/work_tools.h"

#define WL_SEAL_RECIPIENTS_MAX 16U
#define WL_SEAL_SHA512_BYTES   64U

struct wl_seal_recipient {
	int fd; /* the certificate, PEM or DER; stays the caller's */
	uint8_t der_sha256[32];
};

struct wl_sealed {
	uint64_t bytes; /* of the output, as are the two digests */
	uint8_t sha256[32], sha512[WL_SEAL_SHA512_BYTES];
	uint8_t source_sha256[32]; /* of what was read */
};

/* Starts a sealer; n may be 0 (plain copies). 0; -E2BIG; -EBADMSG as wl_job_start. Recipients are
 * looked at with the first file. */
int wl_seal_start(struct wl_spawn *s, const struct wl_seal_recipient *recipients, size_t n,
                  uint64_t deadline_ms, struct wl_job *ret_job, struct wl_finding *ret_finding);
/*
 * One file: `source_fd` is read whole from its beginning, `output_fd` (empty, writable) written and
 * left to its owner to make durable; both stay the caller's. -EBADMSG with export.recipient-unfit,
 * export.recipient-weak or station.worker-*; -ENOSPC, -EFBIG, -EIO where the machine failed it.
 * After any error the job is over: wl_job_kill.
 */
int wl_seal_file(struct wl_job *job, uint64_t item, int source_fd, int output_fd,
                 struct wl_sealed *ret, struct wl_finding *ret_finding);
/* The worker ends; what it says it worked with is added to `tools`, unless that is NULL. 0, or as
 * wl_job_finish. */
int wl_seal_end(struct wl_job *job, struct wl_tools *tools, struct wl_finding *ret_finding);

#endif

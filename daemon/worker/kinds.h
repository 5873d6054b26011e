/* Every kind of work: what stands in the tables kinds_NAME.c of the worker binaries (worker.h). */
#ifndef WL_WORKER_KINDS_H
#define WL_WORKER_KINDS_H

#include "daemon/worker/worker.h"

/* worker-tool */
int wl_digest_prepare(void);
int wl_digest_run(struct wl_worker *wk);
int wl_self_test_run(struct wl_worker *wk);

int wl_check_run(struct wl_worker *wk); /* prepare: wl_check_prepare of update/check_signature.h */

int wl_build_volume_prepare(void);
int wl_build_volume_run(struct wl_worker *wk);

int wl_seal_prepare(void);
int wl_seal_run(struct wl_worker *wk);

/* worker-volume */
int wl_read_medium_run(struct wl_worker *wk);

/* worker-image */
int wl_decode_run(struct wl_worker *wk);

/* worker-tool, pictures; prepare: wl_png_encode_prepare, wl_png_check_prepare of image/ */
int wl_encode_run(struct wl_worker *wk);
int wl_check_picture_run(struct wl_worker *wk);

/* What the tools work with, for work.done; valid until the next call. */
const char *wl_picture_tools(void);
const char *wl_seal_tools(void);

/* worker-update */
int wl_signature_prepare(void);
int wl_signature_run(struct wl_worker *wk);
int wl_checkpoint_run(struct wl_worker *wk);
int wl_certificate_run(struct wl_worker *wk);

int wl_unseal_prepare(void);
int wl_unseal_run(struct wl_worker *wk);

/* worker-archive; prepare: wl_unpack_prepare of update/unpack.h */
int wl_unpack_run(struct wl_worker *wk);

#endif

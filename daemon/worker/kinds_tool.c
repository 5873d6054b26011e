/* What worker-tool does: tools only, which never interpret structure that came from outside. */
#include "daemon/image/check_png.h"
#include "daemon/image/encode_png.h"
#include "daemon/update/check_signature.h"
#include "daemon/worker/kinds.h"

const struct wl_work_kind wl_work_kinds[] = {
        {"build-volume", wl_build_volume_prepare, wl_build_volume_run, WL_MAY_WRITE},
        {"check", wl_check_prepare, wl_check_run, WL_MAY_WRITE},
        {"check-picture", wl_png_check_prepare, wl_check_picture_run, WL_MAY_WRITE},
        {"encode", wl_png_encode_prepare, wl_encode_run, WL_MAY_WRITE},
        {"digest", wl_digest_prepare, wl_digest_run, WL_MAY_WRITE},
        {"seal", wl_seal_prepare, wl_seal_run, WL_MAY_WRITE},
        {"self-test", NULL, wl_self_test_run, WL_MAY_NOT_WRITE},
        {NULL, NULL, NULL, WL_MAY_WRITE},
};

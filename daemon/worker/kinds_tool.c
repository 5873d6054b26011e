/* What worker-tool does: tools only, which never interpret structure that came from outside. */
#include "daemon/update/check_signature.h"
#include "daemon/worker/kinds.h"

const struct wl_work_kind wl_work_kinds[] = {
        {"build-volume", wl_build_volume_prepare, wl_build_volume_run, false},
        {"check", wl_check_prepare, wl_check_run, false},
        {"digest", wl_digest_prepare, wl_digest_run, false},
        {"seal", wl_seal_prepare, wl_seal_run, false},
        {"self-test", NULL, wl_self_test_run, true},
        {NULL, NULL, NULL, false},
};

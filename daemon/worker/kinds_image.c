/* What worker-image does: decodes pictures, one page in each process. */
#include "daemon/image/decode.h"
#include "daemon/worker/kinds.h"

const struct wl_work_kind wl_work_kinds[] = {
        {"decode", wl_decode_prepare, wl_decode_run, WL_MAY_WRITE_SAMPLES},
        {NULL, NULL, NULL, WL_MAY_WRITE},
};

/* What worker-archive does: looks into archives, one in each process. */
#include "daemon/update/unpack.h"
#include "daemon/worker/kinds.h"

const struct wl_work_kind wl_work_kinds[] = {
        {"unpack", wl_unpack_prepare, wl_unpack_run, WL_MAY_NOT_WRITE},
        {NULL, NULL, NULL, WL_MAY_WRITE},
};

/* What worker-volume does: the parser of media and file systems. */
#include "daemon/worker/kinds.h"

const struct wl_work_kind wl_work_kinds[] = {
        {"read-medium", NULL, wl_read_medium_run, WL_MAY_NOT_WRITE},
        {NULL, NULL, NULL, WL_MAY_WRITE},
};

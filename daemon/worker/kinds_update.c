/* What worker-update does: reads signature files, tickets' and vendors', one in each process. */
#include "daemon/worker/kinds.h"

const struct wl_work_kind wl_work_kinds[] = {
        {"signature", wl_signature_prepare, wl_signature_run, true},
        {NULL, NULL, NULL, false},
};

/* What worker-update does: reads signature files, tickets' and vendors', one in each process; and
 * at a recipient's, opens what was sealed for it. */
#include "daemon/worker/kinds.h"

const struct wl_work_kind wl_work_kinds[] = {
        {"signature", wl_signature_prepare, wl_signature_run, WL_MAY_NOT_WRITE},
        {"unseal", wl_unseal_prepare, wl_unseal_run, WL_MAY_NOT_WRITE},
        {"checkpoint", NULL, wl_checkpoint_run, WL_MAY_NOT_WRITE},
        {"certificate", wl_signature_prepare, wl_certificate_run, WL_MAY_NOT_WRITE},
        {NULL, NULL, NULL, WL_MAY_WRITE},
};

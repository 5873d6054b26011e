/* Grants: telling mediad that one intent is durable and may be written against, once. */
#ifndef WL_LEDGER_GRANT_H
#define WL_LEDGER_GRANT_H

#include "daemon/ledger/ledger.h"

/*
 * Sends the grant of the intent `seq` (release.intent or wipe.intent, durable) to the socket at
 * `path`, whose listener must be `uid`, and waits for mediad's word. Port, diskseq and boot come
 * from the ledger's own medium.seen. 0; -EBADMSG with station.part-missing where mediad is not
 * there, is not who it should be, or refuses.
 */
int wl_grant_send(struct wl_ledger *l, uint64_t seq, const char *path, uid_t uid,
                  struct wl_finding *ret_finding);

/*
 * Tells mediad that the intent `id` ("STN3#81") has ended, so that a grant for it that was not used
 * is void. Same errors; nothing waits on it, for a grant also dies with its insertion and its time.
 */
int wl_grant_end(const char *id, const char *path, uid_t uid, struct wl_finding *ret_finding);

#endif

/*
 * Documents: composed here from durable entries, signed, kept, and handed out again as they were.
 */
#ifndef WL_LEDGER_DOCUMENT_H
#define WL_LEDGER_DOCUMENT_H

#include "daemon/ledger/ledger.h"

enum { WL_NOTE_JSON = 0, WL_NOTE_SIGNATURE, WL_NOTE_RECEIPT, WL_NOTE_FILES };

struct wl_note_files {
	struct {
		int fd; /* sealed memfd, or -1 */
		uint64_t bytes;
		uint8_t sha256[WL_SHA256_BYTES];
	} file[WL_NOTE_FILES];
};

enum wl_document { WL_DOCUMENT_NOTE = 0, WL_DOCUMENT_CUSTODY };

/* "NOTE.JSN", "NOTE.P7S", "RECEIPT.TXT"; "custody.json", "custody.json.p7s", "receipt.txt" */
const char *wl_document_file_name(enum wl_document kind, unsigned which);
void wl_note_files_close(struct wl_note_files *f); /* also as WL_CLEANUP */

/*
 * The delivery note or the custody record of intent "STN3#81": made at the first call, the same
 * bytes ever after; the ledger says so in one `document.sealed`. 0; -ENOENT for no such intent;
 * -EINVAL; -EBADMSG with station.no-keys or station.ledger-failed; else `failed` is set.
 */
int wl_document_seal(struct wl_ledger *l, enum wl_document kind, const char *intent,
                     struct wl_note_files *ret, struct wl_finding *ret_finding);

#endif

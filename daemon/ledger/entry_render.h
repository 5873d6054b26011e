/* The bytes of an entry (INTERFACES 6): canonical JSON from a draft and ledgerd's own stamp. */
#ifndef WL_LEDGER_ENTRY_RENDER_H
#define WL_LEDGER_ENTRY_RENDER_H

#include "daemon/base/limits.h"
#include "daemon/ledger/entry_draft.h"

#define WL_BOOT_TEXT 33 /* boot id, 32 hex, and NUL */

/* What only ledgerd says. */
struct wl_stamp {
	uint64_t seq;
	int64_t time; /* seconds since 1970 */
	uint64_t mono_ms;
	char boot[WL_BOOT_TEXT];
	const char *clock; /* "rtc", "set", "floor" */
	const char *station;
};

/* Canonical JSON text of `s` (valid UTF-8, n bytes) in quotes at buf[*pos]; -EMSGSIZE. Shared with
 * the documents. */
int wl_json_text(const char *s, size_t n, char *buf, size_t size, size_t *pos);

/* Writes the entry into buf (WL_ENTRY_BYTES_MAX + 1 bytes, NUL-terminated). 0, or -EMSGSIZE where
 * it would be longer than WL_ENTRY_BYTES_MAX: an entry is never cut. The draft was checked. */
int wl_entry_render(const struct wl_draft *d, const struct wl_stamp *stamp, char *buf,
                    size_t *ret_n);

#endif

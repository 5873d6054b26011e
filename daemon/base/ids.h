/* Identifiers of INTERFACES 2: checked and formatted in one place, ASCII only. */
#ifndef WL_BASE_IDS_H
#define WL_BASE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#define WL_ID_TEXT 33 /* longest identifier (32) and NUL */

enum wl_id_kind {
	WL_ID_STATION = 1, /* [A-Z0-9]{2,8} */
	WL_ID_TRANSFER,    /* STATION-T000042 */
	WL_ID_ITEM,        /* STATION-T000042.00007 */
	WL_ID_INSERTION,   /* STATION-I000311 */
	WL_ID_MEDIUM,      /* [A-Z0-9-]{3,16} or ?9f3c51a2b07e */
	WL_ID_ENTRY,       /* STATION#81 */
	WL_ID_PERSON,      /* [a-z][a-z0-9-]{1,31} */
	WL_ID_TICKET,      /* [A-Z0-9-]{3,32}; also visits */
	WL_ID_NAME,        /* [a-z][a-z0-9-]{0,31}: vendor, device, component, port */
	WL_ID_MAX
};

bool wl_id_is(enum wl_id_kind kind, const char *s);

void wl_id_transfer(const char *station, uint64_t n, char buf[WL_ID_TEXT]);
void wl_id_insertion(const char *station, uint64_t n, char buf[WL_ID_TEXT]);
void wl_id_entry(const char *station, uint64_t seq, char buf[WL_ID_TEXT]);
void wl_id_item(const char *transfer, uint64_t n, char buf[WL_ID_TEXT]);
/* The number of a transfer, item, insertion or entry id; 0 or -EINVAL. */
int wl_id_number(enum wl_id_kind kind, const char *id, uint64_t *ret_n);

/* "?" and 12 hex of SHA-256("vid\npid\nserial\nbytes\n"); NULL strings count as empty.
 * 0, -ENAMETOOLONG, -EIO. */
int wl_id_fingerprint(const char *vid, const char *pid, const char *serial, uint64_t bytes,
                      char buf[WL_ID_TEXT]);

#endif

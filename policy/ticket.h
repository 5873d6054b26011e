/*
 * The ticket: the assessing authority's statement about one update (INTERFACES 4).
 *
 * wl_ticket_read is strict: the bytes are the file as it lies, UTF-8 without BOM, at most 64 KiB,
 * one object, no member twice, none unknown, no float, no null, integers 0 to 2^53-1. At a station
 * it is called only after `check` has verified a signature over the same bytes (inspect.h).
 */
#ifndef WL_POLICY_TICKET_H
#define WL_POLICY_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/base/ids.h"
#include "daemon/base/sha256.h"
#include "policy/model.h"

#define WL_TICKET_TYPE        "ca.weighlock.ticket/1"
#define WL_WITHDRAWAL_TYPE    "ca.weighlock.ticket-withdrawal/1"
#define WL_TICKET_SUFFIX      ".ticket.json"
#define WL_TICKET_TEXT_MAX    200 /* version, model, serial: bytes of UTF-8 */
#define WL_TICKET_NOTE_MAX    4096
#define WL_TICKET_KEYS_MAX    16
#define WL_TICKET_INTEGER_MAX ((INT64_C(1) << 53) - 1)

enum wl_ticket_unpack { WL_UNPACK_NONE = 1, WL_UNPACK_INSPECT };

struct wl_ticket_device {
	char *model;
	char **serials;
	size_t nserials;
};

struct wl_ticket_file {
	char *path;   /* relative, in the escaped form of INTERFACES 2, as in the ticket */
	uint8_t *raw; /* the same, unescaped */
	size_t raw_n;
	uint64_t size;
	uint8_t sha256[WL_SHA256_BYTES];
	char *signature; /* escaped path of the vendor's signature of this file, or NULL */
	enum wl_ticket_unpack unpack;
	bool deliver;
};

struct wl_ticket {
	uint8_t sha256[WL_SHA256_BYTES]; /* of the bytes read; zeros when made by hand */
	char id[WL_ID_TEXT];
	char authority[WL_ID_TEXT];
	int64_t issued_at, not_before, not_after; /* seconds since 1970, UTC */
	char vendor[WL_ID_TEXT];
	char component[WL_ID_TEXT];
	char *version;
	uint64_t release;
	uint64_t release_from; /* 0: any */
	struct wl_ticket_device *devices;
	size_t ndevices;
	uint64_t uses_per_device;
	char **stations; /* none: any */
	size_t nstations;
	enum wl_signature_format vendor_signature;
	uint8_t (*spki_sha256)[WL_SHA256_BYTES]; /* keys that may have signed the update */
	size_t nspki;
	struct wl_ticket_file *files;
	size_t nfiles;
	char *note; /* "" where none */
};

/*
 * Reads a ticket. 0; -EBADMSG with ticket.unreadable, ticket.field-unknown, ticket.type-unknown in
 * *ret_finding (its detail names the member); -ENOMEM. Free with wl_ticket_free.
 */
int wl_ticket_read(const void *p, size_t n, struct wl_ticket **ret, struct wl_finding *ret_finding);
struct wl_ticket *wl_ticket_free(struct wl_ticket *t); /* accepts NULL, returns NULL */
void wl_ticket_cleanup(struct wl_ticket **t);          /* for WL_CLEANUP */

/* The authority takes a ticket back: one file more of the same name's form, signed the same way. */
struct wl_withdrawal {
	uint8_t sha256[WL_SHA256_BYTES]; /* of the bytes read */
	char ticket[WL_ID_TEXT];         /* the id that is never to be used again */
	char authority[WL_ID_TEXT];
	int64_t issued_at;       /* seconds since 1970, UTC */
	char reason[WL_ID_TEXT]; /* a word such as defect-found */
};

/*
 * Reads a withdrawal, as strictly as a ticket. 0; -ENOMSG where the bytes say that they are
 * something else, or nothing readable (wl_ticket_read then says what is wrong); -EBADMSG with
 * ticket.unreadable or ticket.field-unknown in *ret_finding; -ENOMEM.
 */
int wl_withdrawal_read(const void *p, size_t n, struct wl_withdrawal *ret,
                       struct wl_finding *ret_finding);
/* Its JSON text, ending with a newline, read back before it is returned (-EBADMSG with the
 * finding). free(*ret). */
int wl_withdrawal_write(const struct wl_withdrawal *w, char **ret, size_t *ret_n,
                        struct wl_finding *ret_finding);

/* Room for a hand-made ticket (`ticket new`): an empty one and its parts. Texts are copied. NULL or
 * -ENOMEM without memory; -EINVAL for a path that is not relative or an id that is none. */
struct wl_ticket *wl_ticket_new(void);
int wl_ticket_add_device(struct wl_ticket *t, const char *model, const char *const *serials,
                         size_t n);
int wl_ticket_add_file(struct wl_ticket *t, const void *raw_path, size_t n, uint64_t size,
                       const uint8_t sha256[WL_SHA256_BYTES], const char *escaped_signature,
                       enum wl_ticket_unpack unpack, bool deliver);
int wl_ticket_add_key(struct wl_ticket *t, const uint8_t spki_sha256[WL_SHA256_BYTES]);
int wl_ticket_add_station(struct wl_ticket *t, const char *station);
int wl_ticket_set_version(struct wl_ticket *t, const char *version);
int wl_ticket_set_note(struct wl_ticket *t, const char *note);

/* The JSON text of a ticket, two spaces of indent, members in the order of INTERFACES 4, ending
 * with a newline. Reads it back with wl_ticket_read before it is returned (-EBADMSG with the
 * finding where what was filled in is no ticket). free(*ret). */
int wl_ticket_write(const struct wl_ticket *t, char **ret, size_t *ret_n,
                    struct wl_finding *ret_finding);

/* Plain words in gettext's language: what a person reads before signing. All text of the ticket is
 * escaped. free(*ret). 0 or -ENOMEM. */
int wl_ticket_show(const struct wl_ticket *t, char **ret);

int wl_withdrawal_show(const struct wl_withdrawal *w, char **ret); /* likewise */

/* "valid", "not-yet", "expired" at a time: the state of a ticket in lists. */
const char *wl_ticket_state(const struct wl_ticket *t, int64_t now);
/* Does it name this device (model and serial exactly)? */
bool wl_ticket_names_device(const struct wl_ticket *t, const struct wl_policy_device *d);

#endif

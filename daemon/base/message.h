/*
 * One codec for every message between our processes (INTERFACES 1), made from messages.def.
 *
 * The peer may be hostile (a parser worker): decoding refuses anything the table does not say,
 * and the caller then closes the connection and treats the peer as crashed. Nothing here allocates
 * beyond the one buffer in struct wl_message, which a process keeps and reuses.
 */
#ifndef WL_BASE_MESSAGE_H
#define WL_BASE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/bytes.h"
#include "daemon/base/limits.h"

enum wl_wire {
	WL_WIRE_U64 = 1,
	WL_WIRE_I64,
	WL_WIRE_BOOL,
	WL_WIRE_BYTES,
	WL_WIRE_TEXT,
	WL_WIRE_SHA256,
};

enum wl_kind { WL_KIND_REQUEST = 1, WL_KIND_REPLY, WL_KIND_ERROR, WL_KIND_EVENT };

/* Who may send and receive: bits. BROKER stands for whoever employs workers, also offline. */
enum wl_peer {
	WL_PEER_BROKER = 1,
	WL_PEER_SPAWN = 2,
	WL_PEER_MEDIA = 4,
	WL_PEER_LEDGER = 8,
	WL_PEER_WORKER = 16,
	WL_PEER_ANY = 31,
};

/* Roles of descriptors in work.next. */
enum wl_role {
	WL_ROLE_PIPE = 1,    /* read-medium: write end; digest: read end */
	WL_ROLE_SINK,        /* digest: the vault's file, opened for writing */
	WL_ROLE_SIGNATURE,   /* a .p7s, sealed or read-only */
	WL_ROLE_ANCHOR,      /* a certificate the policy names as issuer (PEM or DER) */
	WL_ROLE_CERTIFICATE, /* a signer's certificate the policy names; may complete -nocerts */
	WL_ROLE_PIN,         /* check: a certificate whose DER has the digest in sha256 */
	WL_ROLE_CONTENT,     /* what is signed, or what is to be written */
	WL_ROLE_EXPECTED,    /* check: the lines the broker composed */
	WL_ROLE_ARCHIVE,
	WL_ROLE_KEY = 20, /* unseal: the recipient's private key */
	WL_ROLE_MAX
};

/* DIGEST_ALGORITHM and SIGNATURE_ALGORITHM: the closed lists of DESIGN 2. */
enum wl_digest_algorithm {
	WL_DIGEST_SHA256 = 1,
	WL_DIGEST_SHA384,
	WL_DIGEST_SHA512,
	WL_DIGEST_MAX
};
enum wl_signature_algorithm {
	WL_SIGNATURE_RSA_PKCS1 = 1,
	WL_SIGNATURE_RSA_PSS, /* salt as long as the digest */
	WL_SIGNATURE_ECDSA_P256,
	WL_SIGNATURE_ECDSA_P384,
	WL_SIGNATURE_MAX
};

enum wl_tag {
#define TAG(sym, number, wire) WL_T_##sym = number,
#define MSG(...)
#include "daemon/base/messages.def"
#undef TAG
#undef MSG
	WL_T_MAX = 220 /* beyond every number in use; what lies between has no name */
};

enum wl_message_id {
	WL_MSG_NONE = 0,
#define TAG(...)
#define MSG(sym, ...) WL_MSG_##sym,
#include "daemon/base/messages.def"
#undef TAG
#undef MSG
	WL_MSG_MAX
};

struct wl_field_row {
	uint16_t tag;
	bool required;
	uint32_t max; /* bytes, for bytes and text; 0 for the others */
};

struct wl_message_row {
	const char *name;
	uint16_t type;
	enum wl_kind kind;
	unsigned from, to; /* enum wl_peer bits */
	bool fd;
	struct wl_field_row fields[WL_MESSAGE_FIELDS_MAX]; /* ascending; ends with tag 0 */
};

/* The row of a message; NULL where out of range. */
const struct wl_message_row *wl_message_row(enum wl_message_id id);
/* The row of a type and kind as they stand in a header; WL_MSG_NONE where unknown. */
enum wl_message_id wl_message_find(uint16_t type, unsigned kind);
const char *wl_tag_name(uint16_t tag);  /* "MAX_RSS_BYTES"; "" where unknown */
enum wl_wire wl_tag_wire(uint16_t tag); /* 0 where unknown */

/* What a field of wire type text may hold: strict UTF-8, no NUL, no other C0 control. */
bool wl_wire_text_is_valid(const void *p, size_t n);

/* One message, decoded or being built. `fd` belongs to the message until taken. */
struct wl_message {
	enum wl_message_id id;
	uint32_t serial;
	int fd;    /* -1: none */
	int error; /* the first mistake made while building; 0: none */
	uint32_t nfields;
	struct {
		uint16_t tag;
		uint32_t offset, length; /* of the value, in data */
	} field[WL_MESSAGE_FIELDS_MAX];
	uint32_t used;
	uint8_t data[WL_MESSAGE_BYTES_MAX];
};

/* Starts building `id`. Keeps nothing of what was in *m, except that it closes m->fd if >= 0, so an
 * object must have been set up once by wl_message_init (or be static with fd = -1). Whoever lends a
 * descriptor for sending (m->fd = fd) takes it back (m->fd = -1) before the next start or clear. */
void wl_message_init(struct wl_message *m);
void wl_message_start(struct wl_message *m, enum wl_message_id id, uint32_t serial);
void wl_message_clear(struct wl_message *m); /* closes fd, forgets everything */

/* Builders: errors stick and come out of wl_message_encode as -EINVAL or -EMSGSIZE (a tag the row
 * does not have, twice the same, too long, not strict UTF-8 for text, wrong wire type). */
void wl_message_put_u64(struct wl_message *m, enum wl_tag tag, uint64_t v);
void wl_message_put_i64(struct wl_message *m, enum wl_tag tag, int64_t v);
void wl_message_put_bool(struct wl_message *m, enum wl_tag tag, bool v);
void wl_message_put_text(struct wl_message *m, enum wl_tag tag, const char *s);
void wl_message_put_bytes(struct wl_message *m, enum wl_tag tag, const void *p, size_t n);
void wl_message_put_sha256(struct wl_message *m, enum wl_tag tag, const uint8_t sha256[32]);

/* Readers of a decoded message. Absent optional fields: 0, false, "", {NULL,0}, NULL. */
bool wl_message_has(const struct wl_message *m, enum wl_tag tag);
uint64_t wl_message_u64(const struct wl_message *m, enum wl_tag tag);
int64_t wl_message_i64(const struct wl_message *m, enum wl_tag tag);
bool wl_message_bool(const struct wl_message *m, enum wl_tag tag);
const char *wl_message_text(const struct wl_message *m, enum wl_tag tag); /* NUL-terminated, in m */
struct wl_bytes wl_message_bytes(const struct wl_message *m, enum wl_tag tag);
const uint8_t *wl_message_sha256(const struct wl_message *m, enum wl_tag tag); /* 32 bytes */

/* Writes the packet. Returns 0 and its length, -EINVAL (see builders; required field missing),
 * -EMSGSIZE. `buf` has WL_MESSAGE_BYTES_MAX bytes. */
int wl_message_encode(const struct wl_message *m, uint8_t *buf, size_t *ret_size);

/* Reads a packet that `from` sent to `to` (one bit each). 0, or -EBADMSG for anything the table
 * does not allow (also a descriptor where none belongs: has_fd is compared with the row). */
int wl_message_decode(struct wl_message *m, const uint8_t *buf, size_t size, enum wl_peer from,
                      enum wl_peer to, bool has_fd);

#endif

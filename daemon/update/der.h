/*
 * Strict DER (X.690) on bounded readers: definite, minimal lengths and low tags only.
 *
 * BER with indefinite or padded lengths is refused everywhere: two readers of the same bytes must
 * not be able to disagree about what was signed.
 */
#ifndef WL_UPDATE_DER_H
#define WL_UPDATE_DER_H

#include "daemon/base/bytes.h"

#define WL_DER_INTEGER        0x02
#define WL_DER_BIT_STRING     0x03
#define WL_DER_OCTET_STRING   0x04
#define WL_DER_NULL           0x05
#define WL_DER_OID            0x06
#define WL_DER_SEQUENCE       0x30
#define WL_DER_SET            0x31
#define WL_DER_CONTEXT(n)     ((uint8_t)(0x80 | (n))) /* primitive */
#define WL_DER_CONSTRUCTED(n) ((uint8_t)(0xa0 | (n)))

#define WL_DER_DEPTH_MAX 32U

/* One element; both parts point into what is read. */
struct wl_der {
	uint8_t tag;
	struct wl_bytes whole; /* tag, length and content */
	struct wl_bytes body;  /* content only */
};

/* The next element. false (and r->bad) where it is not DER or does not fit into what is left. */
bool wl_der_next(struct wl_reader *r, struct wl_der *ret);

/* The next element, which must have this tag. false (and r->bad) otherwise. */
bool wl_der_take(struct wl_reader *r, uint8_t tag, struct wl_der *ret);

/* true where something is left and the next tag is this one; moves nothing. */
bool wl_der_peek(const struct wl_reader *r, uint8_t tag);

/* A reader over an element's content. */
struct wl_reader wl_der_open(const struct wl_der *element);

/* true where nothing went wrong and nothing is left. */
bool wl_der_ended(const struct wl_reader *r);

/* true where all of it, to every depth up to WL_DER_DEPTH_MAX, is DER; universal types other than
 * SEQUENCE and SET may not be constructed (that would be BER's strings in pieces). */
bool wl_der_is_valid(struct wl_bytes all);

bool wl_bytes_equal(struct wl_bytes a, struct wl_bytes b);

/* "1.2.840.113549.1.7.1" of an OID's content, cut where buf is too small; for details only. */
void wl_der_oid_text(struct wl_bytes oid, char *buf, size_t size);

#endif

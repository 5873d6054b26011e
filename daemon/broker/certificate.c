/*
 * The digest of a certificate's public key (weighlockd, at `station init` and at each start).
 *
 * The file is the administrators' own, given at the first set-up and pinned in entry 0; no byte of
 * it comes from a medium of others. Only the outermost DER elements are stepped over, with the
 * bounded reader; the key itself is not understood, only hashed. Nothing is stored.
 */
#include "daemon/broker/certificate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

#define SEQUENCE   0x30
#define EXPLICIT_0 0xa0
#define PEM_BEGIN  "-----BEGIN CERTIFICATE-----"
#define PEM_END    "-----END CERTIFICATE-----"

/* The contents of the next element, whose tag it returns; 0 where there is none. */
static uint8_t next_element(struct wl_reader *r, struct wl_bytes *whole, struct wl_reader *inside)
{
	const uint8_t *start = r->p + r->pos;
	uint8_t tag = wl_get_u8(r), first = wl_get_u8(r);
	size_t n = first;
	if (first > 0x82 || first == 0x80)
		return 0;
	if (first >= 0x81) {
		n = wl_get_u8(r);
		if (first == 0x82)
			n = n << 8 | wl_get_u8(r);
	}
	const uint8_t *at = wl_reader_take(r, n);
	if (!at)
		return 0;
	*whole = (struct wl_bytes){start, (size_t)(at - start) + n};
	*inside = wl_reader_from(at, n);
	return tag;
}

static int spki_of_der(const void *der, size_t n, uint8_t ret_sha256[32])
{
	struct wl_reader outer = wl_reader_from(der, n), certificate, tbs, inside;
	struct wl_bytes whole;
	if (next_element(&outer, &whole, &certificate) != SEQUENCE || wl_reader_left(&outer) != 0 ||
	    next_element(&certificate, &whole, &tbs) != SEQUENCE)
		return -EBADMSG;
	/* version [0], serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo */
	uint8_t tag = next_element(&tbs, &whole, &inside);
	for (int skip = tag == EXPLICIT_0 ? 6 : 5; skip > 0 && tag; skip--)
		tag = next_element(&tbs, &whole, &inside);
	return tag == SEQUENCE ? wl_sha256_of(whole.p, whole.n, ret_sha256) : -EBADMSG;
}

int wl_certificate_spki(const void *pem, size_t n, uint8_t ret_sha256[32])
{
	WL_AUTO_FREE char *text = strndup(pem, n);
	WL_AUTO_FREE char *base64 = text ? malloc(strlen(text) + 1) : NULL;
	WL_AUTO_FREE uint8_t *der = text ? malloc(strlen(text) + 1) : NULL;
	size_t packed = 0, der_n = 0;
	if (!base64 || !der)
		return -ENOMEM;
	char *from = strstr(text, PEM_BEGIN), *to = from ? strstr(from, PEM_END) : NULL;
	if (!to || strstr(to, PEM_BEGIN))
		return -EBADMSG;
	for (from += strlen(PEM_BEGIN); from < to; from++)
		if (!strchr("\r\n \t", *from))
			base64[packed++] = *from;
	if (wl_base64_decode(base64, packed, der, strlen(text), &der_n) < 0)
		return -EBADMSG;
	return spki_of_der(der, der_n, ret_sha256);
}

/*
 * The digest of a certificate's public key (weighlockd, at `station init` and at each start), and
 * whether a recipient's certificate could sign a receipt (at `export`).
 *
 * The files are the administrators' own: pinned in entry 0, or named with their digest by the
 * signed policy; no byte of them comes from a medium of others. Only the outermost DER elements are
 * stepped over, with the bounded reader; the key itself is not understood, only hashed. Nothing is
 * stored.
 */
#include "daemon/broker/certificate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

#define SEQUENCE          0x30
#define EXPLICIT_0        0xa0
#define EXPLICIT_3        0xa3
#define BOOLEAN           0x01
#define BIT_STRING        0x03
#define OCTET_STRING      0x04
#define DIGITAL_SIGNATURE 0x80 /* of a KeyUsage */
#define NON_REPUDIATION   0x40
#define PEM_BEGIN         "-----BEGIN CERTIFICATE-----"
#define PEM_END           "-----END CERTIFICATE-----"

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

/* The DER in a PEM file with one certificate; freed by the caller. */
static int der_of_pem(const void *pem, size_t n, uint8_t **ret, size_t *ret_n)
{
	WL_AUTO_FREE char *text = strndup(pem, n);
	WL_AUTO_FREE char *base64 = text ? malloc(strlen(text) + 1) : NULL;
	WL_AUTO_FREE uint8_t *der = text ? malloc(strlen(text) + 1) : NULL;
	size_t packed = 0;
	if (!base64 || !der)
		return -ENOMEM;
	char *from = strstr(text, PEM_BEGIN), *to = from ? strstr(from, PEM_END) : NULL;
	if (!to || strstr(to, PEM_BEGIN))
		return -EBADMSG;
	for (from += strlen(PEM_BEGIN); from < to; from++)
		if (!strchr("\r\n \t", *from))
			base64[packed++] = *from;
	if (wl_base64_decode(base64, packed, der, strlen(text), ret_n) < 0)
		return -EBADMSG;
	*ret = TAKE_PTR(der);
	return 0;
}

int wl_certificate_spki(const void *pem, size_t n, uint8_t ret_sha256[32])
{
	WL_AUTO_FREE uint8_t *der = NULL;
	size_t der_n = 0;
	int r = der_of_pem(pem, n, &der, &der_n);
	return r < 0 ? r : spki_of_der(der, der_n, ret_sha256);
}

/* ---- key usage ---- */

/* Is this Extension the key usage, and which of its first eight bits are set? */
static bool is_key_usage(struct wl_reader *extension, uint8_t *ret_bits)
{
	static const uint8_t key_usage[] = {0x06, 0x03, 0x55, 0x1d, 0x0f};
	struct wl_reader inside, bits;
	struct wl_bytes whole;
	(void)next_element(extension, &whole, &inside);
	if (whole.n != sizeof(key_usage) || memcmp(whole.p, key_usage, sizeof(key_usage)) != 0)
		return false;
	uint8_t tag = next_element(extension, &whole, &inside);
	if (tag == BOOLEAN)
		tag = next_element(extension, &whole, &inside);
	if (tag != OCTET_STRING || next_element(&inside, &whole, &bits) != BIT_STRING)
		return false;
	(void)wl_get_u8(&bits); /* unused bits */
	*ret_bits = wl_reader_left(&bits) > 0 ? wl_get_u8(&bits) : 0;
	return true;
}

/* The certificate's [3]; false where it has none. */
static bool find_extensions(struct wl_reader *tbs, struct wl_reader *ret)
{
	struct wl_reader inside;
	struct wl_bytes whole;
	uint8_t tag = next_element(tbs, &whole, &inside);
	while (tag && tag != EXPLICIT_3)
		tag = next_element(tbs, &whole, &inside);
	return tag && next_element(&inside, &whole, ret) == SEQUENCE;
}

int wl_certificate_may_sign(const void *pem, size_t n, bool *ret)
{
	WL_AUTO_FREE uint8_t *der = NULL;
	struct wl_reader outer, certificate, tbs, extensions, extension;
	struct wl_bytes whole;
	size_t der_n = 0;
	uint8_t bits = 0;
	int r = der_of_pem(pem, n, &der, &der_n);
	if (r < 0)
		return r;
	outer = wl_reader_from(der, der_n);
	if (next_element(&outer, &whole, &certificate) != SEQUENCE ||
	    next_element(&certificate, &whole, &tbs) != SEQUENCE)
		return -EBADMSG;
	*ret = true;
	if (!find_extensions(&tbs, &extensions))
		return 0;
	while (next_element(&extensions, &whole, &extension) == SEQUENCE)
		if (is_key_usage(&extension, &bits))
			*ret = (bits & (DIGITAL_SIGNATURE | NON_REPUDIATION)) != 0;
	return 0;
}

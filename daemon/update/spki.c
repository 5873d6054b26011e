/*
 * Reads a SubjectPublicKeyInfo far enough to say which key of the closed list it is.
 *
 * The bytes come from a certificate an attacker may have made (worker-update), or from a parser's
 * claim (worker-tool, before libcrypto sees them). Looking at the encoding and not at what a
 * library made of it keeps explicit curve parameters, PSS-restricted keys and odd points out.
 */
#include "daemon/update/spki.h"

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/update/der.h"

static const uint8_t oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};

static const struct curve {
	struct wl_bytes oid;
	enum wl_key_type type;
	size_t point_bytes;
} curves[] = {
        {{oid_p256, sizeof(oid_p256)}, WL_KEY_P256, 65},
        {{oid_p384, sizeof(oid_p384)}, WL_KEY_P384, 97},
};

static bool is_oid(const struct wl_der *e, const uint8_t *oid, size_t n)
{
	return wl_bytes_equal(e->body, (struct wl_bytes){oid, n});
}

/* Bits of a positive DER INTEGER; 0 where it is not one. */
static unsigned integer_bits(struct wl_bytes v)
{
	unsigned bits;

	if (v.n > 1 && v.p[0] == 0) {
		if (!(v.p[1] & 0x80))
			return 0; /* not minimal */
		v.p++;
		v.n--;
	} else if (v.n == 0 || v.p[0] & 0x80) {
		return 0;
	}
	if (v.n > WL_SPKI_BYTES_MAX || v.p[0] == 0)
		return 0;
	bits = (unsigned)v.n * 8;
	for (uint8_t top = v.p[0]; !(top & 0x80); top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

static int check_rsa(struct wl_bytes key, struct wl_finding *f)
{
	struct wl_reader outer = wl_reader_from(key.p, key.n), r;
	struct wl_der seq, modulus = {0}, exponent = {0};
	unsigned bits, exponent_bits;

	if (!wl_der_take(&outer, WL_DER_SEQUENCE, &seq) || !wl_der_ended(&outer))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "RSA key badly formed");
	r = wl_der_open(&seq);
	wl_der_take(&r, WL_DER_INTEGER, &modulus);
	wl_der_take(&r, WL_DER_INTEGER, &exponent);
	if (!wl_der_ended(&r))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "RSA key badly formed");
	bits = integer_bits(modulus.body);
	exponent_bits = integer_bits(exponent.body);
	if (bits < WL_RSA_BITS_MIN || bits > WL_RSA_BITS_MAX)
		return wl_refuse(f, WL_RULE_SIGNATURE_KEY_WEAK,
		                 "RSA key of %u bits; %u to %u are needed", bits, WL_RSA_BITS_MIN,
		                 WL_RSA_BITS_MAX);
	/* FIPS 186-5: odd, more than 2^16, less than 2^256 */
	if (exponent_bits < 17 || exponent_bits > 256 ||
	    !(exponent.body.p[exponent.body.n - 1] & 1) ||
	    !(modulus.body.p[modulus.body.n - 1] & 1))
		return wl_refuse(f, WL_RULE_SIGNATURE_KEY_WEAK,
		                 "RSA public exponent of %u bits; 65537 or more is needed",
		                 exponent_bits);
	return 0;
}

static int check_ec(struct wl_reader *parameters, struct wl_bytes point, enum wl_key_type *ret,
                    struct wl_finding *f)
{
	struct wl_der curve;

	if (!wl_der_take(parameters, WL_DER_OID, &curve) || !wl_der_ended(parameters))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
		                 "elliptic-curve key without a named curve");
	for (size_t i = 0; i < WL_ARRAY_LEN(curves); i++) {
		if (!wl_bytes_equal(curve.body, curves[i].oid))
			continue;
		if (point.n != curves[i].point_bytes || point.p[0] != 0x04)
			return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
			                 "elliptic-curve point is not uncompressed");
		*ret = curves[i].type;
		return 0;
	}
	return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
	                 "elliptic curve is neither P-256 nor P-384");
}

int wl_spki_type(struct wl_bytes spki, enum wl_key_type *ret, struct wl_finding *f)
{
	struct wl_reader outer = wl_reader_from(spki.p, spki.n), r, a;
	struct wl_der whole, algorithm = {0}, key = {0}, oid = {0}, null;
	char text[64];
	int e;

	if (spki.n > WL_SPKI_BYTES_MAX || !wl_der_is_valid(spki) ||
	    !wl_der_take(&outer, WL_DER_SEQUENCE, &whole) || !wl_der_ended(&outer))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "public key badly formed");
	r = wl_der_open(&whole);
	wl_der_take(&r, WL_DER_SEQUENCE, &algorithm);
	wl_der_take(&r, WL_DER_BIT_STRING, &key);
	if (!wl_der_ended(&r) || key.body.n < 2 || key.body.p[0] != 0)
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "public key badly formed");
	key.body = (struct wl_bytes){key.body.p + 1, key.body.n - 1};
	a = wl_der_open(&algorithm);
	wl_der_take(&a, WL_DER_OID, &oid);
	if (!a.bad && is_oid(&oid, oid_ec, sizeof(oid_ec)))
		return check_ec(&a, key.body, ret, f);
	if (a.bad || !is_oid(&oid, oid_rsa, sizeof(oid_rsa))) {
		wl_der_oid_text(oid.body, text, sizeof(text));
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "key type %s is not accepted",
		                 text);
	}
	if (!wl_der_take(&a, WL_DER_NULL, &null) || null.body.n || !wl_der_ended(&a))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "RSA key badly formed");
	e = check_rsa(key.body, f);
	if (e < 0)
		return e;
	*ret = WL_KEY_RSA;
	return 0;
}

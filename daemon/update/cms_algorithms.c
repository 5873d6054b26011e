/*
 * Object identifiers to numbers of the closed list; parameters are compared, never interpreted.
 *
 * The signer of the file chooses these bytes, and an attacker may be the signer. Runs in
 * worker-update; keeps no state.
 */
#include "daemon/update/cms_algorithms.h"

#include "daemon/base/cleanup.h"

#define OID(...)                                                                                   \
	{                                                                                          \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})             \
	}
#define PKCS1(n) OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, n)
#define SHA2(n)  OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n)
#define ECDSA(n) OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n)

static const struct digest_row {
	struct wl_bytes oid;
	enum wl_digest_algorithm digest;
	size_t bytes;
} digests[] = {
        {SHA2(1), WL_DIGEST_SHA256, 32},
        {SHA2(2), WL_DIGEST_SHA384, 48},
        {SHA2(3), WL_DIGEST_SHA512, 64},
};

static const struct scheme_row {
	struct wl_bytes oid;
	enum wl_cms_scheme scheme;
	enum wl_digest_algorithm digest; /* 0: the SignerInfo's own */
	bool null_allowed;
} schemes[] = {
        {PKCS1(0x01), WL_CMS_RSA_PKCS1, 0, true}, /* rsaEncryption, as OpenSSL writes it */
        {PKCS1(0x0b), WL_CMS_RSA_PKCS1, WL_DIGEST_SHA256, true},
        {PKCS1(0x0c), WL_CMS_RSA_PKCS1, WL_DIGEST_SHA384, true},
        {PKCS1(0x0d), WL_CMS_RSA_PKCS1, WL_DIGEST_SHA512, true},
        {PKCS1(0x0a), WL_CMS_RSA_PSS, 0, false},
        {ECDSA(2), WL_CMS_ECDSA, WL_DIGEST_SHA256, false},
        {ECDSA(3), WL_CMS_ECDSA, WL_DIGEST_SHA384, false},
        {ECDSA(4), WL_CMS_ECDSA, WL_DIGEST_SHA512, false},
};

static const struct wl_bytes oid_mgf1 = PKCS1(0x08);

static const struct number_row {
	enum wl_cms_scheme scheme;
	enum wl_key_type key;
	enum wl_signature_algorithm number;
} numbers[] = {
        {WL_CMS_RSA_PKCS1, WL_KEY_RSA, WL_SIGNATURE_RSA_PKCS1},
        {WL_CMS_RSA_PSS, WL_KEY_RSA, WL_SIGNATURE_RSA_PSS},
        {WL_CMS_ECDSA, WL_KEY_P256, WL_SIGNATURE_ECDSA_P256},
        {WL_CMS_ECDSA, WL_KEY_P384, WL_SIGNATURE_ECDSA_P384},
};

static int refuse(struct wl_finding *f, const char *what, struct wl_bytes oid)
{
	char text[64];

	wl_der_oid_text(oid, text, sizeof(text));
	return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "%s %s is not accepted", what, text);
}

size_t wl_digest_bytes(enum wl_digest_algorithm digest)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(digests); i++)
		if (digests[i].digest == digest)
			return digests[i].bytes;
	return 0;
}

/* AlgorithmIdentifier: the OID's content, and a reader left before the parameters. */
static bool open_algorithm(const struct wl_der *algorithm, struct wl_der *oid,
                           struct wl_reader *parameters)
{
	*parameters = wl_der_open(algorithm);
	return algorithm->tag == WL_DER_SEQUENCE && wl_der_take(parameters, WL_DER_OID, oid);
}

/* Nothing, or where allowed a NULL. */
static bool parameters_empty(struct wl_reader *r, bool null_allowed)
{
	struct wl_der null;

	if (null_allowed && wl_der_peek(r, WL_DER_NULL))
		return wl_der_take(r, WL_DER_NULL, &null) && null.body.n == 0 && wl_der_ended(r);
	return wl_der_ended(r);
}

int wl_cms_read_digest(const struct wl_der *algorithm, enum wl_digest_algorithm *ret,
                       struct wl_finding *f)
{
	struct wl_der oid = {0};
	struct wl_reader r;

	if (!open_algorithm(algorithm, &oid, &r))
		return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE, "digest algorithm badly formed");
	for (size_t i = 0; i < WL_ARRAY_LEN(digests); i++) {
		if (!wl_bytes_equal(oid.body, digests[i].oid))
			continue;
		if (!parameters_empty(&r, true))
			return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
			                 "digest algorithm with parameters");
		*ret = digests[i].digest;
		return 0;
	}
	return refuse(f, "digest algorithm", oid.body);
}

/* [n] EXPLICIT: what is inside must be exactly one element with this tag. */
static bool explicit(struct wl_reader *r, unsigned n, uint8_t tag, struct wl_der *ret)
{
	struct wl_der outer;
	struct wl_reader inner;

	if (!wl_der_take(r, WL_DER_CONSTRUCTED(n), &outer))
		return false;
	inner = wl_der_open(&outer);
	return wl_der_take(&inner, tag, ret) && wl_der_ended(&inner);
}

/* MGF1 with this digest and nothing else. */
static bool mask_matches(const struct wl_der *mask, enum wl_digest_algorithm digest)
{
	struct wl_der oid, inner;
	struct wl_reader r;
	struct wl_finding ignored;
	enum wl_digest_algorithm of_mask = 0;

	return open_algorithm(mask, &oid, &r) && wl_bytes_equal(oid.body, oid_mgf1) &&
	       wl_der_take(&r, WL_DER_SEQUENCE, &inner) && wl_der_ended(&r) &&
	       wl_cms_read_digest(&inner, &of_mask, &ignored) == 0 && of_mask == digest;
}

/* RSASSA-PSS-params; the defaults are SHA-1, so all three fields must be there (RFC 4055 3.1). */
static int check_pss(struct wl_reader *r, enum wl_digest_algorithm digest, struct wl_finding *f)
{
	struct wl_der params, hash, mask, salt;
	struct wl_reader p;
	struct wl_finding ignored;
	enum wl_digest_algorithm of_hash = 0;

	if (!wl_der_take(r, WL_DER_SEQUENCE, &params) || !wl_der_ended(r))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "RSA-PSS without parameters");
	p = wl_der_open(&params);
	if (!explicit(&p, 0, WL_DER_SEQUENCE, &hash) || !explicit(&p, 1, WL_DER_SEQUENCE, &mask) ||
	    !explicit(&p, 2, WL_DER_INTEGER, &salt) || !wl_der_ended(&p))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
		                 "RSA-PSS parameters are not digest, mask and salt length");
	if (wl_cms_read_digest(&hash, &of_hash, &ignored) < 0 || of_hash != digest ||
	    !mask_matches(&mask, digest))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
		                 "RSA-PSS with another digest than the signer's");
	if (salt.body.n != 1 || salt.body.p[0] != wl_digest_bytes(digest))
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
		                 "RSA-PSS salt is not as long as the digest (%zu bytes)",
		                 wl_digest_bytes(digest));
	return 0;
}

int wl_cms_read_scheme(const struct wl_der *algorithm, enum wl_digest_algorithm digest,
                       enum wl_cms_scheme *ret, struct wl_finding *f)
{
	const struct scheme_row *row = NULL;
	struct wl_der oid = {0};
	struct wl_reader r;
	int e;

	if (!open_algorithm(algorithm, &oid, &r))
		return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE,
		                 "signature algorithm badly formed");
	for (size_t i = 0; i < WL_ARRAY_LEN(schemes) && !row; i++)
		if (wl_bytes_equal(oid.body, schemes[i].oid))
			row = &schemes[i];
	if (!row)
		return refuse(f, "signature algorithm", oid.body);
	if (row->digest && row->digest != digest)
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
		                 "signature algorithm names another digest than the signer's");
	if (row->scheme == WL_CMS_RSA_PSS) {
		e = check_pss(&r, digest, f);
		if (e < 0)
			return e;
	} else if (!parameters_empty(&r, row->null_allowed)) {
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
		                 "signature algorithm with parameters");
	}
	*ret = row->scheme;
	return 0;
}

int wl_cms_signature_algorithm(enum wl_cms_scheme scheme, enum wl_key_type key,
                               enum wl_signature_algorithm *ret, struct wl_finding *f)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(numbers); i++) {
		if (numbers[i].scheme == scheme && numbers[i].key == key) {
			*ret = numbers[i].number;
			return 0;
		}
	}
	return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
	                 "signature algorithm does not belong to the signer's key");
}

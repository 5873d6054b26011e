/*
 * The check of signatures against a lying parser: every part of the claim is forged in turn, with a
 * genuine signature and a genuine key in hand.
 *
 * The attributes here are composed by hand and not by the code under test.
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/update/check_signature.h"
#include "daemon/update/der.h"
#include "daemon/update/spki.h"

static const uint8_t content[] = "what the vendor signed", evil[] = "what the vendor did not sign";

/* Attributes, their signature, and the key: what a parser would claim. */
struct forged {
	uint8_t attributes[512], value[1024], spki[1024], pin[1][WL_SHA256_BYTES];
	size_t attributes_n, value_n, spki_n;
	EVP_PKEY *key;
};

static const uint8_t attribute_type[] = {0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                         0x0d, 0x01, 0x09, 0x03, 0x31, 0x0b, 0x06, 0x09, 0x2a,
                                         0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const uint8_t attribute_other_type[] = {0x30, 0x12, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                               0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03, 0x31,
                                               0x05, 0x06, 0x03, 0x2a, 0x03, 0x04};

static size_t digest_attribute(uint8_t *buf, const void *p, size_t n)
{
	static const uint8_t head[] = {0x30, 0x2f, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
	                               0x0d, 0x01, 0x09, 0x04, 0x31, 0x22, 0x04, 0x20};

	memcpy(buf, head, sizeof(head));
	assert_int_equal(wl_sha256_of(p, n, buf + sizeof(head)), 0);
	return sizeof(head) + WL_SHA256_BYTES;
}

/* An attribute 1.2.3.5 whose value is these bytes. */
static size_t other_attribute(uint8_t *buf, const uint8_t *p, size_t n)
{
	const uint8_t head[] = {0x30, (uint8_t)(n + 9), 0x06, 0x03,      0x2a, 0x03, 0x05,
	                        0x31, (uint8_t)(n + 2), 0x04, (uint8_t)n};

	memcpy(buf, head, sizeof(head));
	memcpy(buf + sizeof(head), p, n);
	return sizeof(head) + n;
}

static void set_attributes(struct forged *f, uint8_t tag, const uint8_t *body, size_t n)
{
	size_t head = n < 0x80 ? 2 : 3;

	f->attributes[0] = tag;
	f->attributes[1] = n < 0x80 ? (uint8_t)n : 0x81;
	f->attributes[2] = (uint8_t)n;
	memcpy(f->attributes + head, body, n);
	f->attributes_n = head + n;
}

static void sign(struct forged *f, int padding, int salt)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	f->value_n = sizeof(f->value);
	assert_int_equal(EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, f->key), 1);
	if (padding) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, padding), 1);
		if (padding == RSA_PKCS1_PSS_PADDING)
			assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt), 1);
	}
	assert_int_equal(EVP_DigestSign(ctx, f->value, &f->value_n, f->attributes, f->attributes_n),
	                 1);
	EVP_MD_CTX_free(ctx);
}

static void take_key(struct forged *f, EVP_PKEY *key)
{
	uint8_t *p = f->spki;

	assert_non_null(key);
	EVP_PKEY_free(f->key);
	f->key = key;
	f->spki_n = (size_t)i2d_PUBKEY(key, &p);
	assert_int_equal(wl_sha256_of(f->spki, f->spki_n, f->pin[0]), 0);
}

/* The two attributes every signature must have, for the good content. */
static size_t good_body(uint8_t *body)
{
	memcpy(body, attribute_type, sizeof(attribute_type));
	return sizeof(attribute_type) +
	       digest_attribute(body + sizeof(attribute_type), content, sizeof(content));
}

static void make_good(struct forged *f)
{
	uint8_t body[256];

	set_attributes(f, 0x31, body, good_body(body));
	sign(f, 0, 0);
}

static int setup(void **state)
{
	struct forged *f = calloc(1, sizeof(*f));

	assert_int_equal(wl_check_prepare(), 0);
	take_key(f, EVP_EC_gen("P-256"));
	make_good(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct forged *f = *state;

	EVP_PKEY_free(f->key);
	free(f);
	return 0;
}

/* The rule of the answer; WL_RULE_NONE where it was good. */
static enum wl_rule ask(const struct forged *f, uint64_t digest, uint64_t signature, const void *p,
                        size_t n)
{
	struct wl_check_claim claim = {.digest = digest,
	                               .signature = signature,
	                               .attributes = {f->attributes, f->attributes_n},
	                               .value = {f->value, f->value_n},
	                               .spki = {f->spki, f->spki_n}};
	uint8_t got[WL_SHA256_BYTES];
	struct wl_finding finding = {0};
	WL_AUTO_CLOSE int fd = -1;
	int e;

	assert_int_equal(wl_memfd_sealed("content", p, n, &fd), 0);
	struct wl_check_content what = {.fd = fd, .size = n};
	e = wl_check_signature(&claim, &what, f->pin, 1, got, &finding);
	if (e == 0) {
		assert_memory_equal(got, f->pin[0], sizeof(got));
		return WL_RULE_NONE;
	}
	assert_int_equal(e, -EBADMSG);
	return finding.rule;
}

static enum wl_rule ask_ec(const struct forged *f, const void *p, size_t n)
{
	return ask(f, WL_DIGEST_SHA256, WL_SIGNATURE_ECDSA_P256, p, n);
}

static void good_passes(void **state)
{
	assert_int_equal(ask_ec(*state, content, sizeof(content)), WL_RULE_NONE);
}

static void other_content(void **state)
{
	struct forged *f = *state;

	assert_int_equal(ask_ec(f, evil, sizeof(evil)), WL_RULE_SIGNATURE_MISMATCH);
	assert_int_equal(ask_ec(f, content, sizeof(content) - 1), WL_RULE_SIGNATURE_MISMATCH);
	/* the signed attributes themselves as content: their signature is genuine, for something
	 * else */
	assert_int_equal(ask_ec(f, f->attributes, f->attributes_n), WL_RULE_SIGNATURE_MISMATCH);
}

static void key_not_named(void **state)
{
	struct forged *f = *state;

	f->pin[0][0] ^= 1;
	assert_int_equal(ask_ec(f, content, sizeof(content)), WL_RULE_SIGNATURE_SIGNER_UNTRUSTED);
	f->pin[0][0] ^= 1;
	f->spki[f->spki_n - 1] ^= 1;
	assert_int_equal(ask_ec(f, content, sizeof(content)), WL_RULE_SIGNATURE_SIGNER_UNTRUSTED);
	/* named, but not a point of the curve */
	assert_int_equal(wl_sha256_of(f->spki, f->spki_n, f->pin[0]), 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)), WL_RULE_SIGNATURE_MISMATCH);
}

static void numbers_not_on_the_list(void **state)
{
	static const uint64_t bad[] = {0, 4, 99, UINT64_MAX};
	struct forged *f = *state;

	for (size_t i = 0; i < WL_ARRAY_LEN(bad); i++) {
		assert_int_equal(ask(f, bad[i], WL_SIGNATURE_ECDSA_P256, content, sizeof(content)),
		                 WL_RULE_SIGNATURE_ALGORITHM);
		/* 4 is P-384, which this key is not on */
		assert_int_equal(ask(f, WL_DIGEST_SHA256, bad[i], content, sizeof(content)),
		                 WL_RULE_SIGNATURE_ALGORITHM);
	}
	assert_int_equal(ask(f, WL_DIGEST_SHA256, WL_SIGNATURE_RSA_PKCS1, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_ALGORITHM);
	assert_int_equal(
	        ask(f, WL_DIGEST_SHA384, WL_SIGNATURE_ECDSA_P256, content, sizeof(content)),
	        WL_RULE_SIGNATURE_MISMATCH);
}

/* The digest of the evil content stands in the signed bytes, but inside another attribute. */
static void digest_inside_another_attribute(void **state)
{
	struct forged *f = *state;
	uint8_t body[400], inner[64];
	size_t n = good_body(body), inner_n = digest_attribute(inner, evil, sizeof(evil));

	n += other_attribute(body + n, inner, inner_n);
	set_attributes(f, 0x31, body, n);
	sign(f, 0, 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)), WL_RULE_NONE);
	assert_int_equal(ask_ec(f, evil, sizeof(evil)), WL_RULE_SIGNATURE_MISMATCH);
}

static void attributes_twice(void **state)
{
	struct forged *f = *state;
	uint8_t body[400];
	size_t n = good_body(body);

	set_attributes(f, 0x31, body, n + digest_attribute(body + n, evil, sizeof(evil)));
	sign(f, 0, 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_ATTRIBUTE_DUPLICATE);
	assert_int_equal(ask_ec(f, evil, sizeof(evil)), WL_RULE_SIGNATURE_ATTRIBUTE_DUPLICATE);
	memcpy(body + n, attribute_type, sizeof(attribute_type));
	set_attributes(f, 0x31, body, n + sizeof(attribute_type));
	sign(f, 0, 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_ATTRIBUTE_DUPLICATE);
}

static void attributes_missing(void **state)
{
	struct forged *f = *state;
	uint8_t body[400];
	size_t n = good_body(body);

	set_attributes(f, 0x31, body, sizeof(attribute_type));
	sign(f, 0, 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES);
	set_attributes(f, 0x31, body + sizeof(attribute_type), n - sizeof(attribute_type));
	sign(f, 0, 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES);
	set_attributes(f, 0x31, body, 0);
	sign(f, 0, 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES);
}

static void other_content_type(void **state)
{
	struct forged *f = *state;
	uint8_t body[400];
	size_t n = sizeof(attribute_other_type);

	memcpy(body, attribute_other_type, n);
	set_attributes(f, 0x31, body, n + digest_attribute(body + n, content, sizeof(content)));
	sign(f, 0, 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)), WL_RULE_SIGNATURE_MISMATCH);
}

/* A signature without attributes over content of the attacker's making is never accepted. */
static void signed_bytes_are_not_one_set(void **state)
{
	static const uint8_t tags[] = {0x30, 0xa0, 0x04};
	struct forged *f = *state;
	uint8_t body[256];
	size_t n = good_body(body);

	for (size_t i = 0; i < WL_ARRAY_LEN(tags); i++) {
		set_attributes(f, tags[i], body, n);
		sign(f, 0, 0);
		assert_int_equal(ask_ec(f, content, sizeof(content)),
		                 WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES);
	}
	set_attributes(f, 0x31, body, n);
	f->attributes[f->attributes_n++] = 0;
	sign(f, 0, 0);
	assert_int_equal(ask_ec(f, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES);
	set_attributes(f, 0x31, body, n);
	f->attributes[f->attributes_n - 1] ^= 1; /* changed after signing */
	assert_int_equal(ask_ec(f, content, sizeof(content)), WL_RULE_SIGNATURE_MISMATCH);
}

static void rsa(void **state)
{
	struct forged *f = *state;

	take_key(f, EVP_RSA_gen(3072));
	sign(f, RSA_PKCS1_PADDING, 0);
	assert_int_equal(ask(f, WL_DIGEST_SHA256, WL_SIGNATURE_RSA_PKCS1, content, sizeof(content)),
	                 WL_RULE_NONE);
	assert_int_equal(ask(f, WL_DIGEST_SHA256, WL_SIGNATURE_RSA_PSS, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_MISMATCH);
	sign(f, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST);
	assert_int_equal(ask(f, WL_DIGEST_SHA256, WL_SIGNATURE_RSA_PSS, content, sizeof(content)),
	                 WL_RULE_NONE);
	sign(f, RSA_PKCS1_PSS_PADDING, 20);
	assert_int_equal(ask(f, WL_DIGEST_SHA256, WL_SIGNATURE_RSA_PSS, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_MISMATCH);
	take_key(f, EVP_RSA_gen(2048));
	sign(f, RSA_PKCS1_PADDING, 0);
	assert_int_equal(ask(f, WL_DIGEST_SHA256, WL_SIGNATURE_RSA_PKCS1, content, sizeof(content)),
	                 WL_RULE_SIGNATURE_KEY_WEAK);
}

/* The vault's own digest stands in for the content where it is the same kind of digest. */
static void digest_given(void **state)
{
	struct forged *f = *state;
	struct wl_check_claim claim = {.digest = WL_DIGEST_SHA256,
	                               .signature = WL_SIGNATURE_ECDSA_P256,
	                               .attributes = {f->attributes, f->attributes_n},
	                               .value = {f->value, f->value_n},
	                               .spki = {f->spki, f->spki_n}};
	uint8_t digest[WL_SHA256_BYTES], got[WL_SHA256_BYTES];
	struct wl_check_content what = {.fd = -1, .size = sizeof(content), .sha256 = digest};
	struct wl_finding finding;

	assert_int_equal(wl_sha256_of(content, sizeof(content), digest), 0);
	assert_int_equal(wl_check_signature(&claim, &what, f->pin, 1, got, &finding), 0);
	digest[0] ^= 1;
	assert_int_equal(wl_check_signature(&claim, &what, f->pin, 1, got, &finding), -EBADMSG);
	assert_int_equal(finding.rule, WL_RULE_SIGNATURE_MISMATCH);
	/* for another digest it is of no use, and the content is not there: a fault, never a yes */
	claim.digest = WL_DIGEST_SHA384;
	assert_int_equal(wl_check_signature(&claim, &what, f->pin, 1, got, &finding), -EBADF);
	assert_int_equal(wl_check_signature(&claim, &what, f->pin, 0, got, &finding), -EBADMSG);
	assert_int_equal(finding.rule, WL_RULE_SIGNATURE_SIGNER_UNTRUSTED);
}

static void content_of_another_size(void **state)
{
	struct forged *f = *state;
	struct wl_check_claim claim = {.digest = WL_DIGEST_SHA256,
	                               .signature = WL_SIGNATURE_ECDSA_P256,
	                               .attributes = {f->attributes, f->attributes_n},
	                               .value = {f->value, f->value_n},
	                               .spki = {f->spki, f->spki_n}};
	WL_AUTO_CLOSE int fd = -1;
	uint8_t got[WL_SHA256_BYTES];
	struct wl_finding finding;

	assert_int_equal(wl_memfd_sealed("content", content, sizeof(content), &fd), 0);
	for (int off = -1; off <= 1; off += 2) {
		struct wl_check_content what = {.fd = fd, .size = sizeof(content) + (size_t)off};

		assert_int_equal(wl_check_signature(&claim, &what, f->pin, 1, got, &finding), -EIO);
	}
}

static void der_is_strict(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool good;
	} cases[] = {
	        {"\x05\x00", 2, true},
	        {"\x30\x02\x05\x00", 4, true},
	        {"\x30\x80\x05\x00\x00\x00", 6, false}, /* indefinite */
	        {"\x04\x81\x01x", 4, false},            /* padded length */
	        {"\x04\x82\x00\x80", 4, false},
	        {"\x04\x02x", 3, false},
	        {"\x1f\x01\x00", 3, false}, /* high tag */
	        {"\x00\x00", 2, false},
	        {"\x24\x03\x04\x01x", 5, false}, /* string in pieces */
	        {"\x10\x00", 2, false},          /* SEQUENCE not constructed */
	        {"\xa0\x02\x05\x00", 4, true},
	        {"\xa0\x01\x05", 3, false},
	        {"", 0, false},
	        {"\x05", 1, false},
	        {"\x04\x85\x00\x00\x00\x00\x01x", 8, false},
	};
	uint8_t deep[2 * (WL_DER_DEPTH_MAX + 1)];

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++)
		assert_int_equal(wl_der_is_valid((struct wl_bytes){(const uint8_t *)cases[i].bytes,
		                                                   cases[i].n}),
		                 cases[i].good);
	for (size_t levels = WL_DER_DEPTH_MAX; levels <= WL_DER_DEPTH_MAX + 1; levels++) {
		for (size_t i = 0; i < levels; i++) {
			deep[2 * i] = 0x30;
			deep[2 * i + 1] = (uint8_t)(2 * (levels - 1 - i));
		}
		assert_int_equal(wl_der_is_valid((struct wl_bytes){deep, 2 * levels}),
		                 levels == WL_DER_DEPTH_MAX);
	}
}

/* An RSA key of any size, made of nothing but its encoding. */
static size_t fake_rsa(uint8_t *buf, size_t modulus_bits, uint32_t exponent)
{
	static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	                                    0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	size_t bytes = (modulus_bits + 7) / 8, sign = modulus_bits % 8 == 0;
	size_t n = bytes + sign, body = 4 + n + 5, key = 4 + body, bits = 1 + key;
	uint8_t *p = buf;

#define HEAD(tag, size)                                                                            \
	do {                                                                                       \
		*p++ = (tag);                                                                      \
		*p++ = 0x82;                                                                       \
		*p++ = (uint8_t)((size) >> 8);                                                     \
		*p++ = (uint8_t)(size);                                                            \
	} while (0)
	HEAD(0x30, sizeof(algorithm) + 4 + bits);
	memcpy(p, algorithm, sizeof(algorithm));
	p += sizeof(algorithm);
	HEAD(0x03, bits);
	*p++ = 0;
	HEAD(0x30, body);
	HEAD(0x02, n);
	if (sign)
		*p++ = 0;
	memset(p, 0xff, bytes);
	*p = modulus_bits % 8 ? (uint8_t)((1U << modulus_bits % 8) - 1) : 0xff;
	p += bytes;
	*p++ = 0x02;
	*p++ = 0x03;
	*p++ = (uint8_t)(exponent >> 16);
	*p++ = (uint8_t)(exponent >> 8);
	*p++ = (uint8_t)exponent;
#undef HEAD
	return (size_t)(p - buf);
}

static void rsa_sizes(void **state)
{
	static const struct {
		size_t bits;
		uint32_t exponent;
		enum wl_rule rule;
	} cases[] = {
	        {3071, 65537, WL_RULE_SIGNATURE_KEY_WEAK},
	        {3072, 65537, WL_RULE_NONE},
	        {8192, 65537, WL_RULE_NONE},
	        {8193, 65537, WL_RULE_SIGNATURE_KEY_WEAK},
	        {3072, 65539, WL_RULE_NONE},
	        {3072, 65538, WL_RULE_SIGNATURE_KEY_WEAK},
	};
	uint8_t spki[2048];
	enum wl_key_type type;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		size_t n = fake_rsa(spki, cases[i].bits, cases[i].exponent);
		struct wl_finding f = {0};

		assert_int_equal(wl_spki_type((struct wl_bytes){spki, n}, &type, &f),
		                 cases[i].rule ? -EBADMSG : 0);
		assert_int_equal(f.rule, cases[i].rule);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(good_passes),
	        CASE(other_content),
	        CASE(key_not_named),
	        CASE(numbers_not_on_the_list),
	        CASE(digest_inside_another_attribute),
	        CASE(attributes_twice),
	        CASE(attributes_missing),
	        CASE(other_content_type),
	        CASE(signed_bytes_are_not_one_set),
	        CASE(rsa),
	        CASE(digest_given),
	        CASE(content_of_another_size),
	        cmocka_unit_test(der_is_strict),
	        cmocka_unit_test(rsa_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Reading and matching signed attributes.
 *
 * An attacker may hand in any bytes, among them a genuine signature whose attributes were moved
 * into the content (the signature then still verifies under the vendor's key). That is why there is
 * no signature without attributes here, and why the digest in them is compared with one computed
 * over the content itself. check runs in worker-update, match in worker-tool.
 */
#include "daemon/update/cms_attributes.h"

#include "daemon/update/cms_algorithms.h"

#define PKCS9(n) 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, n

static const uint8_t oid_content_type[] = {PKCS9(0x03)};
static const uint8_t oid_message_digest[] = {PKCS9(0x04)};
static const uint8_t oid_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};

/* Attribute { contentType, SET OF { id-data } }, whole. */
static const uint8_t content_type_data[] = {0x30, 0x18, 0x06, 0x09, PKCS9(0x03), 0x31,
                                            0x0b, 0x06, 0x09, 0x2a, 0x86,        0x48,
                                            0x86, 0xf7, 0x0d, 0x01, 0x07,        0x01};

#define BYTES(a) ((struct wl_bytes){(a), sizeof(a)})

static bool read_attribute(const struct wl_der *attribute, struct wl_der *type,
                           struct wl_der *values)
{
	struct wl_reader r = wl_der_open(attribute);

	return attribute->tag == WL_DER_SEQUENCE && wl_der_take(&r, WL_DER_OID, type) &&
	       wl_der_take(&r, WL_DER_SET, values) && wl_der_ended(&r);
}

/* DER orders a SET OF by its encodings; another order would verify differently elsewhere. */
static bool in_order(struct wl_bytes before, struct wl_bytes after)
{
	size_t n = before.n < after.n ? before.n : after.n;
	int c = memcmp(before.p, after.p, n);

	return c < 0 || (c == 0 && before.n <= after.n);
}

/* true where an attribute of the type of `of` stands before it. */
static bool seen_before(struct wl_bytes content, const struct wl_der *of, struct wl_bytes type)
{
	struct wl_reader r = wl_reader_from(content.p, content.n);
	struct wl_der a, t, v;

	while (wl_der_next(&r, &a) && a.whole.p < of->whole.p)
		if (read_attribute(&a, &t, &v) && wl_bytes_equal(t.body, type))
			return true;
	return false;
}

static int one_value(const struct wl_der *values, uint8_t tag, struct wl_der *ret,
                     struct wl_finding *f)
{
	struct wl_reader r = wl_der_open(values);

	if (!wl_der_take(&r, tag, ret))
		return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE,
		                 "a signed attribute has a value of the wrong type");
	if (!wl_der_ended(&r))
		return wl_refuse(f, WL_RULE_SIGNATURE_ATTRIBUTE_DUPLICATE,
		                 "a signed attribute has several values");
	return 0;
}

static int check_content_type(const struct wl_der *values, struct wl_finding *f)
{
	struct wl_der value = {0};
	char text[64];
	int e = one_value(values, WL_DER_OID, &value, f);

	if (e < 0 || wl_bytes_equal(value.body, BYTES(oid_data)))
		return e;
	wl_der_oid_text(value.body, text, sizeof(text));
	return wl_refuse(f, WL_RULE_SIGNATURE_NOT_SIGNED_DATA,
	                 "the signed content type is %s, not plain data", text);
}

static int check_message_digest(const struct wl_der *values, enum wl_digest_algorithm digest,
                                struct wl_finding *f)
{
	struct wl_der value = {0};
	int e = one_value(values, WL_DER_OCTET_STRING, &value, f);

	if (e == 0 && value.body.n != wl_digest_bytes(digest))
		return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE,
		                 "the signed digest has %zu bytes, its algorithm makes %zu",
		                 value.body.n, wl_digest_bytes(digest));
	return e;
}

int wl_cms_check_attributes(struct wl_bytes content, enum wl_digest_algorithm digest,
                            struct wl_finding *f)
{
	struct wl_reader r = wl_reader_from(content.p, content.n);
	struct wl_der a, type, values, before = {0};
	bool has_type = false, has_digest = false;
	int e = 0;

	while (wl_reader_left(&r) > 0) {
		if (!wl_der_next(&r, &a) || !read_attribute(&a, &type, &values))
			return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE,
			                 "signed attributes badly formed");
		if (seen_before(content, &a, type.body))
			return wl_refuse(f, WL_RULE_SIGNATURE_ATTRIBUTE_DUPLICATE,
			                 "a signed attribute is there twice");
		if (before.whole.n && !in_order(before.whole, a.whole))
			return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE,
			                 "signed attributes are not in DER order");
		if (wl_bytes_equal(type.body, BYTES(oid_content_type))) {
			has_type = true;
			e = check_content_type(&values, f);
		} else if (wl_bytes_equal(type.body, BYTES(oid_message_digest))) {
			has_digest = true;
			e = check_message_digest(&values, digest, f);
		}
		if (e < 0)
			return e;
		before = a;
	}
	if (r.bad || !has_type || !has_digest)
		return wl_refuse(f, WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES,
		                 "no signed content type and digest");
	return 0;
}

/* Attribute { messageDigest, SET OF { OCTET STRING digest } }, whole; its length. */
static size_t compose_digest_attribute(struct wl_bytes digest, uint8_t buf[96])
{
	const uint8_t head[] = {0x30,
	                        (uint8_t)(15 + digest.n),
	                        0x06,
	                        0x09,
	                        PKCS9(0x04),
	                        0x31,
	                        (uint8_t)(2 + digest.n),
	                        0x04,
	                        (uint8_t)digest.n};

	memcpy(buf, head, sizeof(head));
	memcpy(buf + sizeof(head), digest.p, digest.n);
	return sizeof(head) + digest.n;
}

struct tally {
	unsigned of_type, equal;
};

static void count(struct tally *t, const struct wl_der *attribute, struct wl_bytes type,
                  struct wl_bytes expected)
{
	struct wl_reader r = wl_der_open(attribute);
	struct wl_der oid;

	if (wl_der_take(&r, WL_DER_OID, &oid) && wl_bytes_equal(oid.body, type))
		t->of_type++;
	if (wl_bytes_equal(attribute->whole, expected))
		t->equal++;
}

static int judge(const struct tally *t, const char *what, struct wl_finding *f)
{
	if (t->of_type == 0)
		return wl_refuse(f, WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES, "no signed %s", what);
	if (t->of_type > 1)
		return wl_refuse(f, WL_RULE_SIGNATURE_ATTRIBUTE_DUPLICATE,
		                 "signed %s is there %u times", what, t->of_type);
	if (t->equal != 1)
		return wl_refuse(f, WL_RULE_SIGNATURE_MISMATCH,
		                 "the signed %s is not that of the file", what);
	return 0;
}

int wl_cms_match_attributes(struct wl_bytes set, struct wl_bytes content_digest,
                            struct wl_finding *f)
{
	struct wl_reader outer = wl_reader_from(set.p, set.n), r;
	struct tally type = {0}, digest = {0};
	uint8_t expected[96];
	struct wl_der whole, a;
	int e;

	if (content_digest.n > 64 || !wl_der_take(&outer, WL_DER_SET, &whole) ||
	    !wl_der_ended(&outer))
		return wl_refuse(f, WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES,
		                 "signed attributes are not one SET");
	struct wl_bytes digest_attribute = {expected,
	                                    compose_digest_attribute(content_digest, expected)};
	r = wl_der_open(&whole);
	while (wl_reader_left(&r) > 0) {
		if (!wl_der_next(&r, &a))
			return wl_refuse(f, WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES,
			                 "signed attributes badly formed");
		count(&type, &a, BYTES(oid_content_type), BYTES(content_type_data));
		count(&digest, &a, BYTES(oid_message_digest), digest_attribute);
	}
	e = judge(&type, "content type", f);
	return e < 0 ? e : judge(&digest, "digest", f);
}

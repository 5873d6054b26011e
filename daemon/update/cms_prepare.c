/*
 * Reads ContentInfo, SignedData and SignerInfos of a detached signature.
 *
 * The whole file is the attacker's. Runs in worker-update with one signature file and its signed
 * manifest or ticket in sight, nothing else. Allocates nothing: results point into the file.
 */
#include "daemon/update/cms_prepare.h"

#include "daemon/update/cms_attributes.h"

static const uint8_t oid_signed_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
static const uint8_t oid_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};

#define IS_OID(e, oid) wl_bytes_equal((e).body, (struct wl_bytes){(oid), sizeof(oid)})

static int unreadable(struct wl_finding *f, const char *what)
{
	return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE, "%s", what);
}

static int refuse_type(struct wl_finding *f, const char *what, struct wl_bytes oid)
{
	char text[64];

	wl_der_oid_text(oid, text, sizeof(text));
	return wl_refuse(f, WL_RULE_SIGNATURE_NOT_SIGNED_DATA, "%s %s", what, text);
}

/* The one outermost element, and nothing after it. */
static int open_file(struct wl_bytes file, struct wl_der *ret, struct wl_finding *f)
{
	struct wl_reader r = wl_reader_from(file.p, file.n);

	if (file.n > WL_SIGNATURE_FILE_BYTES_MAX)
		return wl_refuse(f, WL_RULE_SIGNATURE_TOO_LARGE, "signature file of %zu bytes",
		                 file.n);
	if (file.n > 10 && memcmp(file.p, "-----BEGIN", 10) == 0)
		return unreadable(f, "PEM text; the file must be DER (openssl cms -outform DER)");
	if (file.n > 1 && file.p[0] == WL_DER_SEQUENCE && file.p[1] == 0x80)
		return unreadable(f, "BER with indefinite lengths; the file must be DER");
	if (!wl_der_take(&r, WL_DER_SEQUENCE, ret))
		return unreadable(f, "not a DER file, or cut short");
	if (wl_reader_left(&r) > 0)
		return wl_refuse(f, WL_RULE_SIGNATURE_TRAILING_BYTES,
		                 "%zu bytes after the signature", wl_reader_left(&r));
	if (!wl_der_is_valid(file))
		return unreadable(f, "not DER throughout");
	return 0;
}

/* ContentInfo { contentType, [0] EXPLICIT SignedData } */
static int open_content_info(struct wl_bytes file, struct wl_der *ret_signed_data,
                             struct wl_finding *f)
{
	struct wl_der outer, type, content;
	struct wl_reader r;
	int e = open_file(file, &outer, f);

	if (e < 0)
		return e;
	r = wl_der_open(&outer);
	if (!wl_der_take(&r, WL_DER_OID, &type))
		return unreadable(f, "not a CMS file");
	if (!IS_OID(type, oid_signed_data))
		return refuse_type(f, "CMS of type", type.body);
	if (!wl_der_take(&r, WL_DER_CONSTRUCTED(0), &content) || !wl_der_ended(&r))
		return unreadable(f, "not a CMS file");
	r = wl_der_open(&content);
	if (!wl_der_take(&r, WL_DER_SEQUENCE, ret_signed_data) || !wl_der_ended(&r))
		return unreadable(f, "SignedData badly formed");
	return 0;
}

/* A version number of one digit. */
static bool take_version(struct wl_reader *r, uint8_t *ret)
{
	struct wl_der v;

	if (!wl_der_take(r, WL_DER_INTEGER, &v) || v.body.n != 1)
		return false;
	*ret = v.body.p[0];
	return true;
}

/* EncapsulatedContentInfo { eContentType id-data } and nothing in it: detached. */
static int check_encapsulated(const struct wl_der *info, struct wl_finding *f)
{
	struct wl_reader r = wl_der_open(info);
	struct wl_der type;

	if (!wl_der_take(&r, WL_DER_OID, &type))
		return unreadable(f, "encapsulated content badly formed");
	if (wl_reader_left(&r) > 0)
		return wl_refuse(f, WL_RULE_SIGNATURE_NOT_DETACHED,
		                 "the signature file carries content of its own");
	if (!IS_OID(type, oid_data))
		return refuse_type(f, "signed content is not plain data but", type.body);
	return 0;
}

/* [0] certificates and [1] crls, both optional; together at most WL_SIGNATURE_CERTIFICATES_MAX. */
static int read_certificates(struct wl_reader *r, struct wl_cms *cms, struct wl_finding *f)
{
	unsigned total = 0;

	for (uint8_t set = 0; set < 2; set++) {
		struct wl_reader s;
		struct wl_der all, one;

		if (!wl_der_peek(r, WL_DER_CONSTRUCTED(set)))
			continue;
		wl_der_take(r, WL_DER_CONSTRUCTED(set), &all);
		s = wl_der_open(&all);
		while (wl_reader_left(&s) > 0) {
			if (!wl_der_take(&s, WL_DER_SEQUENCE, &one))
				return unreadable(f, "a certificate or CRL of an unknown kind");
			if (++total > WL_SIGNATURE_CERTIFICATES_MAX)
				return wl_refuse(f, WL_RULE_SIGNATURE_TOO_LARGE,
				                 "more than %u certificates and CRLs",
				                 WL_SIGNATURE_CERTIFICATES_MAX);
			if (set == 0)
				cms->certificate[cms->ncertificates++] = one.whole;
		}
	}
	return 0;
}

/* SignerIdentifier; the version says which kind it must be (RFC 5652 5.3). */
static int read_signer_id(struct wl_reader *r, uint8_t version, struct wl_cms_signer_id *ret,
                          struct wl_finding *f)
{
	struct wl_der id, issuer, serial;

	if (version == 3 && wl_der_peek(r, WL_DER_CONTEXT(0))) {
		wl_der_take(r, WL_DER_CONTEXT(0), &id);
		if (id.body.n == 0)
			return unreadable(f, "empty key identifier");
		ret->key_id = id.body;
		return 0;
	}
	if (version == 1 && wl_der_take(r, WL_DER_SEQUENCE, &id)) {
		struct wl_reader s = wl_der_open(&id);

		if (wl_der_take(&s, WL_DER_SEQUENCE, &issuer) &&
		    wl_der_take(&s, WL_DER_INTEGER, &serial) && wl_der_ended(&s)) {
			ret->issuer = issuer.whole;
			ret->serial = serial.body;
			return 0;
		}
	}
	return unreadable(f, "signer identifier badly formed");
}

/* Identifier, digest algorithm, signed attributes. */
static int read_signed_part(struct wl_reader *r, struct wl_cms_signer *ret, struct wl_finding *f)
{
	struct wl_der digest, attributes;
	uint8_t version;
	int e;

	if (!take_version(r, &version))
		return unreadable(f, "SignerInfo badly formed");
	e = read_signer_id(r, version, &ret->id, f);
	if (e < 0)
		return e;
	if (!wl_der_take(r, WL_DER_SEQUENCE, &digest))
		return unreadable(f, "SignerInfo badly formed");
	e = wl_cms_read_digest(&digest, &ret->digest, f);
	if (e < 0)
		return e;
	if (!wl_der_peek(r, WL_DER_CONSTRUCTED(0)))
		return wl_refuse(f, WL_RULE_SIGNATURE_NO_SIGNED_ATTRIBUTES,
		                 "made without signed attributes (-noattr)");
	wl_der_take(r, WL_DER_CONSTRUCTED(0), &attributes);
	if (attributes.whole.n > WL_SIGNATURE_ATTRIBUTES_BYTES_MAX)
		return wl_refuse(f, WL_RULE_SIGNATURE_TOO_LARGE, "signed attributes of %zu bytes",
		                 attributes.whole.n);
	ret->attributes = attributes.body;
	return wl_cms_check_attributes(attributes.body, ret->digest, f);
}

static int read_signer(const struct wl_der *info, struct wl_cms_signer *ret, struct wl_finding *f)
{
	struct wl_reader r = wl_der_open(info);
	struct wl_der algorithm, value, unsigned_attributes;
	int e = read_signed_part(&r, ret, f);

	if (e < 0)
		return e;
	if (!wl_der_take(&r, WL_DER_SEQUENCE, &algorithm))
		return unreadable(f, "SignerInfo badly formed");
	e = wl_cms_read_scheme(&algorithm, ret->digest, &ret->scheme, f);
	if (e < 0)
		return e;
	if (!wl_der_take(&r, WL_DER_OCTET_STRING, &value) || value.body.n == 0)
		return unreadable(f, "SignerInfo badly formed");
	if (value.body.n > WL_SIGNATURE_VALUE_BYTES_MAX)
		return wl_refuse(f, WL_RULE_SIGNATURE_TOO_LARGE, "signature value of %zu bytes",
		                 value.body.n);
	/* nobody signed these; they are stepped over and never read */
	if (wl_der_peek(&r, WL_DER_CONSTRUCTED(1)))
		wl_der_take(&r, WL_DER_CONSTRUCTED(1), &unsigned_attributes);
	if (!wl_der_ended(&r))
		return unreadable(f, "SignerInfo badly formed");
	ret->signature = value.body;
	return 0;
}

static int read_signers(const struct wl_der *set, struct wl_cms *cms, struct wl_finding *f)
{
	struct wl_reader r = wl_der_open(set);
	struct wl_der info;

	while (wl_reader_left(&r) > 0) {
		int e;

		if (!wl_der_take(&r, WL_DER_SEQUENCE, &info))
			return unreadable(f, "SignerInfo badly formed");
		if (cms->nsigners == WL_SIGNATURE_SIGNERS_MAX)
			return wl_refuse(f, WL_RULE_SIGNATURE_TOO_LARGE, "more than %u signers",
			                 WL_SIGNATURE_SIGNERS_MAX);
		e = read_signer(&info, &cms->signer[cms->nsigners], f);
		if (e < 0)
			return e;
		cms->nsigners++;
	}
	if (cms->nsigners == 0)
		return wl_refuse(f, WL_RULE_SIGNATURE_MISSING,
		                 "the file holds certificates but no signature");
	return 0;
}

int wl_cms_prepare(struct wl_bytes file, struct wl_cms *ret, struct wl_finding *f)
{
	struct wl_der data, digests, content, signers;
	struct wl_cms cms = {0};
	struct wl_reader r;
	uint8_t version = 0;
	int e = open_content_info(file, &data, f);

	if (e < 0)
		return e;
	r = wl_der_open(&data);
	if (!take_version(&r, &version) || (version != 1 && version != 3) ||
	    !wl_der_take(&r, WL_DER_SET, &digests) || !wl_der_take(&r, WL_DER_SEQUENCE, &content))
		return unreadable(f, "SignedData badly formed or of an unknown version");
	e = check_encapsulated(&content, f);
	if (e < 0)
		return e;
	e = read_certificates(&r, &cms, f);
	if (e < 0)
		return e;
	if (!wl_der_take(&r, WL_DER_SET, &signers) || !wl_der_ended(&r))
		return unreadable(f, "SignedData badly formed");
	e = read_signers(&signers, &cms, f);
	if (e < 0)
		return e;
	*ret = cms;
	return 0;
}

size_t wl_cms_attributes_set(const struct wl_cms_signer *signer, uint8_t *buf)
{
	/* content and tag lie next to each other in the file; only the tag differs from a SET */
	size_t n = signer->attributes.n, head = n < 0x80 ? 2 : n < 0x100 ? 3 : 4;

	memcpy(buf, signer->attributes.p - head, head + n);
	buf[0] = WL_DER_SET;
	return head + n;
}

/*
 * Judges a signer's certificate against what the policy says of the role.
 *
 * An attacker may hold a certificate under a sibling authority of the vendor's and put any
 * intermediate into the file: so certificates of the file are only ever leaves here, and chains
 * grow from the policy's anchors alone. Runs in worker-update; opens no file and reads no clock.
 */
#include "daemon/update/signer.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

static void cleanup_store(X509_STORE **s)
{
	X509_STORE_free(*s);
	*s = NULL;
}

static void cleanup_store_ctx(X509_STORE_CTX **c)
{
	X509_STORE_CTX_free(*c);
	*c = NULL;
}

/* At least 128 bits of security in every key and digest of the chain: RSA 3072, P-256, SHA-256. */
#define AUTH_LEVEL 3

static const struct {
	const char *word;
	enum wl_signer_purpose purpose;
} purposes[] = {
        {"vendor", WL_PURPOSE_VENDOR},
        {"authority", WL_PURPOSE_AUTHORITY},
        {"policy", WL_PURPOSE_POLICY},
};

enum wl_signer_purpose wl_signer_purpose_find(const char *word)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(purposes); i++)
		if (strcmp(purposes[i].word, word) == 0)
			return purposes[i].purpose;
	return 0;
}

void wl_trust_clear(struct wl_trust *trust)
{
	for (unsigned i = 0; i < trust->nanchors; i++)
		X509_free(trust->anchor[i]);
	for (unsigned i = 0; i < trust->ncertificates; i++)
		X509_free(trust->certificate[i]);
	*trust = (struct wl_trust){0};
}

/* What X509_verify_cert says, in our rules; everything else is signature.signer-untrusted. */
static const struct {
	int error;
	enum wl_rule rule;
} verify_errors[] = {
        {X509_V_ERR_CERT_HAS_EXPIRED, WL_RULE_SIGNATURE_CERTIFICATE_EXPIRED},
        {X509_V_ERR_CERT_NOT_YET_VALID, WL_RULE_SIGNATURE_CERTIFICATE_EXPIRED},
        {X509_V_ERR_CERT_REVOKED, WL_RULE_SIGNATURE_REVOKED},
        {X509_V_ERR_EE_KEY_TOO_SMALL, WL_RULE_SIGNATURE_KEY_WEAK},
        {X509_V_ERR_CA_KEY_TOO_SMALL, WL_RULE_SIGNATURE_KEY_WEAK},
        {X509_V_ERR_CA_MD_TOO_WEAK, WL_RULE_SIGNATURE_ALGORITHM},
        {X509_V_ERR_INVALID_PURPOSE, WL_RULE_SIGNATURE_PURPOSE_WRONG},
        {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, WL_RULE_SIGNATURE_PURPOSE_WRONG},
        {X509_V_ERR_OUT_OF_MEM, WL_RULE_NONE},
};

static int chain_error(int error, struct wl_finding *f)
{
	enum wl_rule rule = WL_RULE_SIGNATURE_SIGNER_UNTRUSTED;

	for (size_t i = 0; i < WL_ARRAY_LEN(verify_errors); i++)
		if (verify_errors[i].error == error)
			rule = verify_errors[i].rule;
	if (rule == WL_RULE_NONE)
		return -ENOMEM;
	return wl_refuse(f, rule, "certificate chain: %s", X509_verify_cert_error_string(error));
}

static X509_STORE *store_of_anchors(const struct wl_trust *trust)
{
	WL_CLEANUP(cleanup_store) X509_STORE *store = X509_STORE_new();

	for (unsigned i = 0; store && i < trust->nanchors; i++)
		if (X509_STORE_add_cert(store, trust->anchor[i]) != 1)
			return NULL;
	return TAKE_PTR(store);
}

/* An authority limited to other uses than signing code does not vouch for code. */
static bool authorities_sign_code(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);

	for (int i = 1; i < sk_X509_num(chain); i++) {
		uint32_t use = X509_get_extended_key_usage(sk_X509_value(chain, i));

		if (use != UINT32_MAX && !(use & (XKU_CODE_SIGN | XKU_ANYEKU)))
			return false;
	}
	return true;
}

static int verify_chain(X509 *leaf, const struct wl_trust *trust, struct wl_finding *f)
{
	WL_CLEANUP(cleanup_store) X509_STORE *store = store_of_anchors(trust);
	WL_CLEANUP(cleanup_store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int e = 0;

	if (!store || !ctx || X509_STORE_CTX_init(ctx, store, leaf, NULL) != 1)
		return -ENOMEM;
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_time(param, (time_t)trust->time);
	if (X509_verify_cert(ctx) != 1)
		e = chain_error(X509_STORE_CTX_get_error(ctx), f);
	else if (trust->purpose == WL_PURPOSE_VENDOR && !authorities_sign_code(ctx))
		e = wl_refuse(f, WL_RULE_SIGNATURE_PURPOSE_WRONG,
		              "the issuing authority is not for code signing");
	ERR_clear_error();
	return e;
}

static int check_purpose(X509 *x, enum wl_signer_purpose purpose, struct wl_finding *f)
{
	uint32_t flags = X509_get_extension_flags(x), usage = X509_get_key_usage(x),
	         extended = X509_get_extended_key_usage(x);

	if (flags & EXFLAG_INVALID)
		return wl_refuse(f, WL_RULE_SIGNATURE_PURPOSE_WRONG,
		                 "the certificate's extensions cannot be read");
	if (flags & EXFLAG_CRITICAL)
		return wl_refuse(f, WL_RULE_SIGNATURE_PURPOSE_WRONG,
		                 "the certificate has an unknown critical extension");
	if (usage != UINT32_MAX && !(usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		return wl_refuse(f, WL_RULE_SIGNATURE_PURPOSE_WRONG,
		                 "the certificate's key usage is not signing");
	if (purpose == WL_PURPOSE_VENDOR && !(extended != UINT32_MAX && extended & XKU_CODE_SIGN))
		return wl_refuse(f, WL_RULE_SIGNATURE_PURPOSE_WRONG,
		                 "the certificate is not for code signing");
	return 0;
}

static int check_dates(const struct wl_signer *signer, int64_t time, struct wl_finding *f)
{
	char text[WL_TIME_TEXT];

	if (time >= signer->not_before && time <= signer->not_after)
		return 0;
	wl_time_format(time < signer->not_before ? signer->not_before : signer->not_after, text);
	return wl_refuse(f, WL_RULE_SIGNATURE_CERTIFICATE_EXPIRED,
	                 "the signer's certificate is valid only %s %s",
	                 time < signer->not_before ? "from" : "until", text);
}

/* The policy's own certificates first: a file cannot put another in their place. */
static int find_certificate(const struct wl_cms *cms, const struct wl_cms_signer_id *id,
                            const struct wl_trust *trust, X509 **ret, bool *ret_named,
                            struct wl_finding *f)
{
	for (unsigned i = 0; i < trust->ncertificates; i++) {
		if (!wl_certificate_is(trust->certificate[i], id))
			continue;
		X509_up_ref(trust->certificate[i]);
		*ret = trust->certificate[i];
		*ret_named = true;
		return 0;
	}
	for (unsigned i = 0; i < cms->ncertificates; i++) {
		WL_AUTO_X509 X509 *x = NULL;
		int e = wl_certificate_embedded(cms->certificate[i], &x, f);

		if (e < 0)
			return e;
		if (!wl_certificate_is(x, id))
			continue;
		*ret = TAKE_PTR(x);
		*ret_named = false;
		return 0;
	}
	return wl_refuse(f, WL_RULE_SIGNATURE_SIGNER_UNTRUSTED,
	                 "no certificate for the signer, neither in the policy nor in the file");
}

static bool is_pinned(const struct wl_signer *signer, const struct wl_trust *trust)
{
	uint8_t digest[WL_SHA256_BYTES];

	if (wl_sha256_of(signer->spki, signer->spki_n, digest) < 0)
		return false;
	for (unsigned i = 0; i < trust->npins; i++)
		if (memcmp(trust->pin[i], digest, sizeof(digest)) == 0)
			return true;
	return false;
}

static int describe(X509 *x, struct wl_signer *ret, struct wl_finding *f)
{
	int e = wl_certificate_spki(x, ret->spki, &ret->spki_n);

	if (e == -EMSGSIZE)
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM, "the signer's key is too large");
	if (e < 0)
		return e;
	wl_certificate_subject(x, ret->subject, sizeof(ret->subject));
	if (wl_certificate_validity(x, &ret->not_before, &ret->not_after) < 0)
		return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE,
		                 "the certificate's dates cannot be read");
	return 0;
}

static int check_trust(X509 *x, bool named, const struct wl_signer *signer,
                       const struct wl_trust *trust, struct wl_finding *f)
{
	if (named && trust->purpose == WL_PURPOSE_AUTHORITY && trust->nanchors > 0)
		return verify_chain(x, trust, f); /* besides: a chain can only refuse */
	if (named)
		return 0;
	if (trust->purpose != WL_PURPOSE_VENDOR)
		return wl_refuse(f, WL_RULE_SIGNATURE_SIGNER_UNTRUSTED,
		                 "the signer is not one of the certificates the policy names");
	if (trust->nanchors == 0 || is_pinned(signer, trust))
		return 0;
	return verify_chain(x, trust, f);
}

int wl_signer_judge(const struct wl_cms *cms, const struct wl_cms_signer *signer,
                    const struct wl_trust *trust, struct wl_signer *ret, struct wl_finding *f)
{
	WL_AUTO_X509 X509 *x = NULL;
	struct wl_signer found = {0};
	enum wl_key_type key;
	bool named = false;
	int e = find_certificate(cms, &signer->id, trust, &x, &named, f);

	if (e == 0)
		e = describe(x, &found, f);
	if (e == 0)
		e = wl_spki_type((struct wl_bytes){found.spki, found.spki_n}, &key, f);
	if (e == 0)
		e = wl_cms_signature_algorithm(signer->scheme, key, &found.algorithm, f);
	if (e == 0)
		e = check_trust(x, named, &found, trust, f);
	if (e == 0)
		e = check_purpose(x, trust->purpose, f);
	if (e == 0)
		e = check_dates(&found, trust->time, f);
	if (e == 0)
		*ret = found;
	return e;
}

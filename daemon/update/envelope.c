/*
 * Makes EnvelopedData as a stream through libcrypto's CMS.
 *
 * Recipients' certificates come from the policy, named by digest; the content is whatever bytes a
 * picture or a file is, and is not looked at. Runs in worker-tool. The content key is made and kept
 * by libcrypto, which wipes it when the message is freed; no private key is ever here. If the power
 * goes, half a message lies in a file its owner throws away.
 */
#include "daemon/update/envelope.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/update/certificate.h"
#include "daemon/update/spki.h"

#define FLAGS (CMS_BINARY | CMS_STREAM | CMS_PARTIAL)

struct wl_envelope {
	CMS_ContentInfo *cms;
	BIO *out;     /* ours: hands on to the sink */
	BIO *message; /* what the content is written to; its chain ends in `out` */
	struct wl_sink sink;
};

int wl_envelope_prepare(void)
{
	static const char *const digests[] = {"SHA2-256", "SHA2-512"};
	uint8_t byte;

	/* no configuration file: it could put another provider between us and the arithmetic */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
	                                OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS,
	                        NULL) != 1 ||
	    RAND_bytes(&byte, 1) != 1)
		return -EIO;
	for (size_t i = 0; i < WL_ARRAY_LEN(digests); i++) {
		EVP_MD *md = EVP_MD_fetch(NULL, digests[i], NULL);
		if (!md)
			return -EIO;
		EVP_MD_free(md);
	}
	return wl_bio_sink_prepare();
}

/* ---- recipients ---- */

int wl_envelope_check(X509 *x, struct wl_finding *f)
{
	uint8_t spki[WL_SPKI_BYTES_MAX];
	struct wl_finding why = {.rule = WL_RULE_NONE};
	enum wl_key_type type = WL_KEY_RSA;
	size_t n = 0;
	int r = wl_certificate_spki(x, spki, &n);

	if (r == 0)
		r = wl_spki_type((struct wl_bytes){spki, n}, &type, &why);
	if (r == -EBADMSG)
		return wl_refuse(f,
		                 why.rule == WL_RULE_SIGNATURE_KEY_WEAK
		                         ? WL_RULE_EXPORT_RECIPIENT_WEAK
		                         : WL_RULE_EXPORT_RECIPIENT_UNFIT,
		                 "%s", why.detail);
	if (r < 0)
		return r == -EMSGSIZE
		               ? wl_refuse(f, WL_RULE_EXPORT_RECIPIENT_UNFIT, "public key too long")
		               : r;
	/* without the extension libcrypto answers with every bit */
	uint32_t need = type == WL_KEY_RSA ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;
	if (!(X509_get_key_usage(x) & need))
		return wl_refuse(f, WL_RULE_EXPORT_RECIPIENT_UNFIT,
		                 "the certificate does not allow its key to be used for %s",
		                 type == WL_KEY_RSA ? "key encipherment" : "key agreement");
	return 0;
}

/* The recipient's own parameters, stronger than libcrypto's defaults (PKCS#1 v1.5, SHA-1). */
static int set_parameters(CMS_RecipientInfo *ri)
{
	EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);
	int ok = ctx != NULL;

	if (ok && CMS_RecipientInfo_type(ri) == CMS_RECIPINFO_TRANS)
		ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
		     EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
	else if (ok)
		ok = EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) == 1;
	return ok ? 0 : -EIO;
}

static int add_recipients(CMS_ContentInfo *cms, X509 *const *recipients, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* CMS_KEY_PARAM makes the context that set_parameters needs */
		CMS_RecipientInfo *ri =
		        CMS_add1_recipient_cert(cms, recipients[i], FLAGS | CMS_KEY_PARAM);
		int r = ri ? set_parameters(ri) : -EIO;
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the message ---- */

int wl_envelope_new(X509 *const *recipients, size_t n, wl_sink_function sink, void *user,
                    struct wl_envelope **ret)
{
	WL_CLEANUP(wl_envelope_cleanup) struct wl_envelope *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->sink = (struct wl_sink){.put = sink, .user = user};
	e->cms = CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(), FLAGS);
	e->out = wl_bio_sink(&e->sink);
	if (!e->cms || !e->out)
		return -ENOMEM;
	r = add_recipients(e->cms, recipients, n);
	if (r < 0)
		return r;
	e->message = BIO_new_CMS(e->out, e->cms);
	ERR_clear_error();
	if (!e->message)
		return -EIO;
	*ret = TAKE_PTR(e);
	return 0;
}

/* The sink's own error where it had one: a full disk is not libcrypto's fault. */
static int failed(const struct wl_envelope *e)
{
	ERR_clear_error();
	return e->sink.error < 0 ? e->sink.error : -EIO;
}

int wl_envelope_add(struct wl_envelope *e, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		size_t wrote = 0;
		if (BIO_write_ex(e->message, at, n, &wrote) != 1 || wrote == 0 || e->sink.error < 0)
			return failed(e);
		at += wrote;
		n -= wrote;
	}
	return 0;
}

int wl_envelope_end(struct wl_envelope *e)
{
	return BIO_flush(e->message) == 1 && e->sink.error == 0 ? 0 : failed(e);
}

struct wl_envelope *wl_envelope_free(struct wl_envelope *e)
{
	if (!e)
		return NULL;
	/* the chain down to `out`, which is freed with it; before there is a chain, `out` alone */
	if (e->message)
		BIO_free_all(e->message);
	else
		BIO_free(e->out);
	CMS_ContentInfo_free(e->cms);
	free(e);
	return NULL;
}

void wl_envelope_cleanup(struct wl_envelope **e)
{
	*e = wl_envelope_free(*e);
}

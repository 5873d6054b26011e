/*
 * Whether a signer may have signed this: certificate, chain, purpose, dates (reference 1.4).
 *
 * Everything here can only refuse. That a signature is good is a fact only `check` makes, under a
 * key the policy or the ticket names.
 */
#ifndef WL_UPDATE_SIGNER_H
#define WL_UPDATE_SIGNER_H

#include "daemon/update/certificate.h"
#include "daemon/update/cms_prepare.h"

#define WL_TRUST_CERTIFICATES_MAX 32U

/* What signature.begin names. */
enum wl_signer_purpose {
	WL_PURPOSE_VENDOR = 1, /* must be allowed to sign code */
	WL_PURPOSE_AUTHORITY,  /* must be one of the certificates given */
	WL_PURPOSE_POLICY,     /* must be one of the certificates given */
};

/* 0 for a word that is none of "vendor", "authority", "policy". */
enum wl_signer_purpose wl_signer_purpose_find(const char *word);

/* What the policy says of this role. Owns the certificates. */
struct wl_trust {
	enum wl_signer_purpose purpose;
	int64_t time; /* the moment certificates are judged at */
	X509 *anchor[WL_TRUST_CERTIFICATES_MAX];
	unsigned nanchors;
	X509 *certificate[WL_TRUST_CERTIFICATES_MAX];
	unsigned ncertificates;
	uint8_t pin[WL_TRUST_CERTIFICATES_MAX][WL_SHA256_BYTES]; /* keys that need no anchor */
	unsigned npins;
};

void wl_trust_clear(struct wl_trust *trust);

/* What is handed on about a signer against whom nothing stands. */
struct wl_signer {
	enum wl_signature_algorithm algorithm;
	uint8_t spki[WL_SPKI_BYTES_MAX];
	size_t spki_n;
	char subject[WL_DETAIL_MAX + 1];
	int64_t not_before, not_after;
};

/*
 * Finds the signer's certificate, among the policy's first and then in the file, and judges it.
 * 0; -EBADMSG with signature.signer-untrusted (no certificate; not issued by an anchor; for an
 * authority or policy not one of those given), signature.algorithm, signature.key-weak,
 * signature.purpose-wrong, signature.certificate-expired (or not yet valid), signature.revoked,
 * signature.unreadable; -ENOMEM, -EIO.
 *
 * Issuers are only the anchors given: a certificate in the file is never one. Where no anchor is
 * given, where the key is pinned, or where the certificate itself is the policy's, no chain is
 * built; purpose and dates hold all the same.
 */
int wl_signer_judge(const struct wl_cms *cms, const struct wl_cms_signer *signer,
                    const struct wl_trust *trust, struct wl_signer *ret,
                    struct wl_finding *ret_finding);

#endif

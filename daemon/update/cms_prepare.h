/*
 * Strict reading of a detached CMS signature (RFC 5652), before any other library sees it.
 *
 * Stricter than any verifier of the field: CMS_verify() of OpenSSL 3.0 accepts signatures without
 * signed attributes, SHA-1, appended bytes and the same signer twice. What this refuses is a
 * refusal of the whole file; what it hands on is a claim, and `check` makes the fact.
 */
#ifndef WL_UPDATE_CMS_PREPARE_H
#define WL_UPDATE_CMS_PREPARE_H

#include "daemon/base/finding.h"
#include "daemon/base/limits.h"
#include "daemon/update/cms_algorithms.h"

/* Who signed, as the SignerInfo names it: issuer and serial, or a key identifier. */
struct wl_cms_signer_id {
	struct wl_bytes issuer; /* DER Name; empty where by key identifier */
	struct wl_bytes serial; /* content of the INTEGER */
	struct wl_bytes key_id;
};

struct wl_cms_signer {
	struct wl_cms_signer_id id;
	enum wl_digest_algorithm digest;
	enum wl_cms_scheme scheme;
	struct wl_bytes attributes; /* content of signedAttrs, without its tag */
	struct wl_bytes signature;
};

/* Everything points into the file that was read, which must outlive this. */
struct wl_cms {
	struct wl_cms_signer signer[WL_SIGNATURE_SIGNERS_MAX];
	unsigned nsigners;
	struct wl_bytes certificate[WL_SIGNATURE_CERTIFICATES_MAX]; /* DER; unverified */
	unsigned ncertificates;
};

/*
 * Reads a whole signature file. 0, or -EBADMSG with one of: signature.too-large (file, signers,
 * certificates and CRLs, attributes, value), signature.unreadable (not DER, PEM, cut short, badly
 * formed), signature.trailing-bytes, signature.not-signed-data (another CMS type, or signed content
 * that is not plain data), signature.not-detached, signature.missing (no SignerInfo),
 * signature.no-signed-attributes, signature.attribute-duplicate, signature.algorithm.
 */
int wl_cms_prepare(struct wl_bytes file, struct wl_cms *ret, struct wl_finding *ret_finding);

/* The attributes as they were signed: a DER SET OF. buf has WL_SIGNATURE_ATTRIBUTES_BYTES_MAX
 * bytes, which wl_cms_prepare has made sure suffice. Returns the length. */
size_t wl_cms_attributes_set(const struct wl_cms_signer *signer, uint8_t *buf);

#endif

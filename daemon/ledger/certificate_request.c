/*
 * Asking for a certificate and taking it in. The key stays what it is; only who vouches changes.
 *
 * Runs in weighlock-ledgerd. The certificate was brought on a medium: a parser worker in its
 * sandbox has read it before, and what it gave is read here once more with its size bounded;
 * nothing of its chain is believed, only that it is for our key. The new file replaces the old in
 * one step, so power going leaves one or the other; the old one stays for documents made under it.
 */
#include "daemon/ledger/certificate_request.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/ledger/audit_facts.h"
#include "daemon/ledger/certificate.h"
#include "daemon/ledger/folder.h"

#define FILE_NAME "station.pem"
#define KEPT      "certificates"
#define DER_MAX   16000

static void free_request(X509_REQ **r)
{
	X509_REQ_free(*r);
}

static void free_x509(X509 **c)
{
	X509_free(*c);
}

static int take_text(BIO *bio, bool written, char *buf, size_t size)
{
	char *p = NULL;
	long n = written ? BIO_get_mem_data(bio, &p) : 0;
	int r = n > 0 && (size_t)n < size ? 0 : -EIO;

	if (r == 0) {
		memcpy(buf, p, (size_t)n);
		buf[n] = '\0';
	}
	BIO_free(bio);
	return r;
}

int wl_certificate_request(struct wl_ledger *l, char *buf, size_t size)
{
	WL_CLEANUP(free_request) X509_REQ *r = X509_REQ_new();
	EVP_PKEY *pk = l->keys ? wl_keys_document(l->keys) : NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = r && pk && l->certificate && bio && X509_REQ_set_version(r, 0) == 1 &&
	          X509_REQ_set_subject_name(r, X509_get_subject_name(l->certificate)) == 1 &&
	          X509_REQ_set_pubkey(r, pk) == 1 && X509_REQ_sign(r, pk, EVP_sha384()) > 0 &&
	          PEM_write_bio_X509_REQ(bio, r) == 1;

	return take_text(bio, ok, buf, size);
}

int wl_certificate_pem(const struct wl_ledger *l, char *buf, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio && l->certificate && PEM_write_bio_X509(bio, l->certificate) == 1;

	return take_text(bio, ok, buf, size);
}

static int64_t end_of(const X509 *c)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(c), &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

int64_t wl_certificate_not_after(const struct wl_ledger *l)
{
	return l->certificate ? end_of(l->certificate) : 0;
}

/* For our key, to sign with, and not over. */
static int check(struct wl_ledger *l, X509 *c, const struct wl_clock *clock, struct wl_finding *f)
{
	EVP_PKEY *pk = X509_get0_pubkey(c);

	if (!pk || EVP_PKEY_eq(pk, wl_keys_document(l->keys)) != 1)
		return wl_refuse(f, WL_RULE_STATION_CERTIFICATE_OTHER, "it is for another key");
	if (!(X509_get_key_usage(c) & KU_DIGITAL_SIGNATURE) || X509_check_ca(c) == 1)
		return wl_refuse(f, WL_RULE_STATION_CERTIFICATE_OTHER,
		                 "it is not for making signatures");
	if (end_of(c) <= clock->time)
		return wl_refuse(f, WL_RULE_STATION_CERTIFICATE_OTHER, "it has expired");
	return 0;
}

/* The one in use now goes under the digest of its DER. */
static int keep_old(struct wl_ledger *l)
{
	uint8_t digest[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1], path[sizeof(KEPT) + WL_SHA256_HEX + 8];
	char pem[WL_CERTIFICATE_TEXT];
	int r = wl_certificate_digest(l->certificate, digest);

	if (r == 0)
		r = wl_certificate_pem(l, pem, sizeof(pem));
	if (r < 0)
		return r;
	wl_hex_encode(digest, sizeof(digest), hex);
	(void)snprintf(path, sizeof(path), KEPT "/%s.pem", hex);
	return wl_folder_write(l->dirfd, path, pem, strlen(pem), 0750, 0640);
}

static int say(struct wl_ledger *l, const X509 *c, const char *actor, uint64_t uid,
               uint64_t *ret_seq)
{
	WL_CLEANUP(wl_draft_clear)
	struct wl_draft d = {.event = WL_E_STATION_CERTIFIED, .uid = uid};
	uint8_t digest[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1], end[WL_TIME_TEXT];
	int64_t when;
	int r = wl_certificate_digest(c, digest);

	if (r < 0 || RAND_bytes(d.nonce, sizeof(d.nonce)) != 1)
		return -EIO;
	wl_hex_encode(digest, sizeof(digest), hex);
	wl_time_format(end_of(c), end);
	(void)snprintf(d.actor, sizeof(d.actor), "%s", actor);
	r = wl_draft_text(&d, WL_M_SHA256, hex);
	if (r == 0)
		r = wl_draft_text(&d, WL_M_NOT_AFTER, end);
	return r < 0 ? r : wl_ledger_append_own(l, &d, ret_seq, &when);
}

static int replace(struct wl_ledger *l, X509 *c)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char pem[WL_CERTIFICATE_TEXT];
	int r = take_text(bio, bio && PEM_write_bio_X509(bio, c) == 1, pem, sizeof(pem));

	return r < 0 ? r : wl_file_replace(l->dirfd, FILE_NAME, pem, strlen(pem), 0640);
}

int wl_certificate_install(struct wl_ledger *l, const uint8_t *der, size_t n, const char *actor,
                           uint64_t uid, uint64_t *ret_seq, struct wl_finding *f)
{
	const unsigned char *at = der;
	WL_CLEANUP(free_x509) X509 *c = n <= DER_MAX ? d2i_X509(NULL, &at, (long)n) : NULL;
	struct wl_clock clock;
	int r;

	ERR_clear_error();
	r = wl_audit_retired(l->facts);
	if (r != 0)
		return r < 0 ? r
		             : wl_refuse(f, WL_RULE_STATION_RETIRED,
		                         "no certificate after the end");
	if (!c || at != der + n)
		return wl_refuse(f, WL_RULE_STATION_CERTIFICATE_UNREADABLE, "it is not one");
	if (!l->keys || !l->certificate)
		return wl_refuse(f, WL_RULE_STATION_NO_KEYS, "no keys");
	wl_ledger_read_clock(l, &clock);
	r = check(l, c, &clock, f);
	if (r == 0)
		r = keep_old(l);
	if (r == 0)
		r = say(l, c, actor, uid, ret_seq);
	if (r == 0)
		r = replace(l, c);
	if (r < 0)
		return r;
	X509_free(l->certificate);
	l->certificate = TAKE_PTR(c);
	return 0;
}

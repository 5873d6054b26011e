/*
 * keys/station: one "name value" line per member, in this order, nothing else.
 *
 * Runs in weighlock-ledgerd; the broker gave station, origin and the policy authority's digest, and
 * their forms are checked before they are kept. Replaced as a whole, so power going leaves the old
 * file or the new one.
 */
#include "daemon/ledger/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/ids.h"

#define FILE_NAME "station"
#define FILE_MAX  2048

static int complete(struct wl_identity *id)
{
	wl_note_key_format(&id->key, id->vkey);
	return wl_keys_fingerprint(id->vkey, id->fingerprint);
}

int wl_identity_make(const struct wl_keys *k, const char *station, const char *origin, uint64_t uid,
                     const uint8_t authority_spki_sha256[WL_SHA256_BYTES], struct wl_identity *ret)
{
	struct wl_identity id = {.uid = uid};
	uint8_t public_key[WL_ED25519_PUBLIC], spki[WL_SHA256_BYTES];
	int r;

	if (!wl_id_is(WL_ID_STATION, station))
		return -EINVAL;
	r = wl_keys_ledger_public(k, public_key);
	if (r == 0)
		r = wl_note_key_make(origin, public_key, &id.key);
	if (r == 0)
		r = wl_keys_document_spki(k, spki);
	if (r == 0)
		r = complete(&id);
	if (r < 0)
		return r;
	memcpy(id.station, station, strlen(station) + 1);
	wl_hex_encode(spki, sizeof(spki), id.document_spki_sha256);
	wl_hex_encode(authority_spki_sha256, WL_SHA256_BYTES, id.authority_spki_sha256);
	*ret = id;
	return 0;
}

int wl_identity_next(const struct wl_keys *k, const struct wl_identity *old, const char *origin,
                     uint64_t uid, struct wl_identity *ret)
{
	uint8_t public_key[WL_ED25519_PUBLIC];
	int r = wl_keys_ledger_public(k, public_key);

	*ret = *old;
	ret->uid = uid;
	if (r == 0)
		r = wl_note_key_make(origin, public_key, &ret->key);
	return r < 0 ? r : complete(ret);
}

int wl_identity_save(int dirfd, const struct wl_identity *id)
{
	char buf[FILE_MAX];
	int n = snprintf(buf, sizeof(buf),
	                 "station %s\nvkey %s\nuid %" PRIu64
	                 "\ndocument_spki_sha256 %s\npolicy_authority_spki_sha256 %s\n",
	                 id->station, id->vkey, id->uid, id->document_spki_sha256,
	                 id->authority_spki_sha256);

	if (n < 0 || (size_t)n >= sizeof(buf))
		return -EINVAL;
	return wl_file_replace(dirfd, FILE_NAME, buf, (size_t)n, 0400);
}

int wl_identity_load(int dirfd, struct wl_identity *ret)
{
	WL_AUTO_FREE void *p = NULL;
	struct wl_identity id = {.uid = 0};
	size_t n;
	int end = -1, r = wl_file_read(dirfd, FILE_NAME, FILE_MAX, &p, &n);

	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	if (sscanf(p,
	           "station %8[A-Z0-9]\nvkey %299[!-~]\nuid %10" SCNu64
	           "\ndocument_spki_sha256 %64[0-9a-f]\npolicy_authority_spki_sha256 "
	           "%64[0-9a-f]\n%n",
	           id.station, id.vkey, &id.uid, id.document_spki_sha256, id.authority_spki_sha256,
	           &end) != 5 ||
	    end < 0 || (size_t)end != n)
		return -EBADMSG;
	if (!wl_id_is(WL_ID_STATION, id.station) || !wl_hex_is_sha256(id.document_spki_sha256) ||
	    !wl_hex_is_sha256(id.authority_spki_sha256) || wl_note_key_parse(id.vkey, &id.key) < 0)
		return -EBADMSG;
	r = complete(&id);
	if (r < 0)
		return r;
	*ret = id;
	return 0;
}

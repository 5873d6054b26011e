/*
 * Reading a cosigner's verifier key.
 *
 * The text comes from a policy whose signature was verified, and again from the ledger's own
 * entries; it is read strictly all the same, because the key it names decides whose word counts as
 * an auditor's. Runs in the broker, in ledgerd and in the offline client. Keeps no state, so power
 * going changes nothing.
 */
#include "daemon/base/cosigner.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

#define TYPE_COSIGNATURE 0x04
#define HEX_ID           8U

static size_t name_length(const char *vkey)
{
	size_t n = 0;

	while (vkey[n] > 0x20 && vkey[n] <= 0x7e && vkey[n] != '+')
		n++;
	return n > 0 && n <= WL_COSIGNER_NAME_MAX && vkey[n] == '+' ? n : 0;
}

/* SHA-256(name || 0x0a || type || key), first four bytes. */
static int compute_id(const struct wl_cosigner *c, uint8_t ret[WL_COSIGNER_ID_BYTES])
{
	uint8_t buf[WL_COSIGNER_NAME_MAX + 2 + WL_COSIGNER_KEY_BYTES], digest[WL_SHA256_BYTES];
	size_t n = strlen(c->name);

	memcpy(buf, c->name, n);
	buf[n] = '\n';
	buf[n + 1] = TYPE_COSIGNATURE;
	memcpy(buf + n + 2, c->public_key, WL_COSIGNER_KEY_BYTES);
	if (wl_sha256_of(buf, n + 2 + WL_COSIGNER_KEY_BYTES, digest) < 0)
		return -EIO;
	memcpy(ret, digest, WL_COSIGNER_ID_BYTES);
	return 0;
}

int wl_cosigner_parse(const char *vkey, struct wl_cosigner *ret)
{
	struct wl_cosigner c = {.name = ""};
	uint8_t typed[1 + WL_COSIGNER_KEY_BYTES], id[WL_COSIGNER_ID_BYTES];
	char hex[HEX_ID + 1];
	size_t n = name_length(vkey), got;

	if (n == 0 || strlen(vkey + n) < HEX_ID + 2 || vkey[n + HEX_ID + 1] != '+')
		return -EINVAL;
	memcpy(c.name, vkey, n);
	memcpy(hex, vkey + n + 1, HEX_ID);
	hex[HEX_ID] = '\0';
	vkey += n + HEX_ID + 2;
	if (wl_hex_decode(hex, c.id, sizeof(c.id)) < 0 ||
	    wl_base64_decode(vkey, strlen(vkey), typed, sizeof(typed), &got) < 0 ||
	    got != sizeof(typed) || typed[0] != TYPE_COSIGNATURE)
		return -EINVAL;
	memcpy(c.public_key, typed + 1, WL_COSIGNER_KEY_BYTES);
	if (compute_id(&c, id) < 0 || memcmp(id, c.id, sizeof(id)) != 0)
		return -EINVAL;
	*ret = c;
	return 0;
}

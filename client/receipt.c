/*
 * Checking a receipt at a recipient's, with the key from the station's card and nothing else.
 *
 * The receipt was in other hands. The checkpoint's signature is verified before the proof is
 * followed, and the entry is read as JSON only after its leaf was found under the signed root. Runs
 * in the client; shares no code with the ledger's writer. Nothing is written.
 */
#include "client/receipt.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

#define HEADER     "c2sp.org/tlog-proof@v1\n"
#define DASH       "\xe2\x80\x94 "
#define KEY_TYPE   0x01 /* Ed25519 */
#define KEY_BYTES  32U
#define ID_BYTES   4U
#define SIGNED     64U
#define LINE_MAX_N 98304U
#define LINES_MAX  200U

struct key {
	char name[201];
	uint8_t id[ID_BYTES], public_key[KEY_BYTES];
};

struct proof {
	char *entry; /* decoded `extra` */
	size_t entry_n, hashes;
	uint64_t index;
	uint8_t hash[WL_CHECKPOINT_HASHES_MAX][WL_SHA256_BYTES];
	const char *note; /* what follows the empty line */
};

static int parse_vkey(const char *vkey, struct key *ret)
{
	const char *plus = strchr(vkey, '+'), *second = plus ? strchr(plus + 1, '+') : NULL;
	uint8_t typed[1 + KEY_BYTES], digest[WL_SHA256_BYTES], buf[201 + 2 + KEY_BYTES];
	char hex[2 * ID_BYTES + 1];
	size_t n, name_n;

	if (!second || second - plus != 2 * ID_BYTES + 1 || plus == vkey ||
	    (size_t)(plus - vkey) >= sizeof(ret->name))
		return -EINVAL;
	name_n = (size_t)(plus - vkey);
	memcpy(ret->name, vkey, name_n);
	ret->name[name_n] = '\0';
	(void)snprintf(hex, sizeof(hex), "%.8s", plus + 1);
	if (wl_hex_decode(hex, ret->id, ID_BYTES) < 0 ||
	    wl_base64_decode(second + 1, strlen(second + 1), typed, sizeof(typed), &n) < 0 ||
	    n != sizeof(typed) || typed[0] != KEY_TYPE)
		return -EINVAL;
	memcpy(ret->public_key, typed + 1, KEY_BYTES);
	memcpy(buf, vkey, name_n);
	buf[name_n] = '\n';
	memcpy(buf + name_n + 1, typed, sizeof(typed));
	if (wl_sha256_of(buf, name_n + 1 + sizeof(typed), digest) < 0)
		return -EIO;
	return memcmp(digest, ret->id, ID_BYTES) == 0 ? 0 : -EINVAL;
}

/* ---- the form ---- */

/* The next line without its end, *at moved behind it; NULL at the end. */
static const char *next_line(const char **at, size_t *ret_n)
{
	const char *line = *at, *end = strchr(line, '\n');

	if (!end || (size_t)(end - line) > LINE_MAX_N)
		return NULL;
	*ret_n = (size_t)(end - line);
	*at = end + 1;
	return line;
}

static int decimal(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	if (n == 0 || n > 18 || (s[0] == '0' && n > 1))
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EBADMSG;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*ret = v;
	return 0;
}

static int read_proof(const char *text, struct proof *p)
{
	const char *at = text + strlen(HEADER), *line;
	size_t n, got;

	if (strncmp(text, HEADER, strlen(HEADER)) != 0 || !(line = next_line(&at, &n)) || n < 6 ||
	    strncmp(line, "extra ", 6) != 0)
		return -EBADMSG;
	p->entry = malloc(n);
	if (!p->entry)
		return -ENOMEM;
	if (wl_base64_decode(line + 6, n - 6, (uint8_t *)p->entry, n, &p->entry_n) < 0 ||
	    !(line = next_line(&at, &n)) || n < 6 || strncmp(line, "index ", 6) != 0 ||
	    decimal(line + 6, n - 6, &p->index) < 0)
		return -EBADMSG;
	while ((line = next_line(&at, &n)) && n > 0) {
		if (p->hashes == WL_CHECKPOINT_HASHES_MAX ||
		    wl_base64_decode(line, n, p->hash[p->hashes++], WL_SHA256_BYTES, &got) < 0 ||
		    got != WL_SHA256_BYTES)
			return -EBADMSG;
	}
	p->note = at;
	return line ? 0 : -EBADMSG;
}

/* ---- the checkpoint ---- */

static bool signature_is_good(const struct key *key, const char *text, size_t n, const uint8_t *sig)
{
	EVP_PKEY *pk =
	        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public_key, KEY_BYTES);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = pk && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pk) == 1 &&
	            EVP_DigestVerify(ctx, sig, SIGNED, (const uint8_t *)text, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pk);
	return good;
}

/* The note's text is what stands before the empty line; one of its lines must be this key's. */
static int check_note(const struct key *key, const char *note, size_t *ret_text_n)
{
	const char *gap = strstr(note, "\n\n"), *at, *line;
	size_t n, name_n = strlen(key->name), got;
	uint8_t blob[512];

	if (!gap)
		return -EBADMSG;
	*ret_text_n = (size_t)(gap - note) + 1;
	at = gap + 2;
	for (unsigned i = 0; i < LINES_MAX && (line = next_line(&at, &n)); i++) {
		size_t head = strlen(DASH) + name_n + 1;
		if (n <= head || strncmp(line, DASH, strlen(DASH)) != 0 ||
		    strncmp(line + strlen(DASH), key->name, name_n) != 0 || line[head - 1] != ' ' ||
		    wl_base64_decode(line + head, n - head, blob, sizeof(blob), &got) < 0 ||
		    got != ID_BYTES + SIGNED || memcmp(blob, key->id, ID_BYTES) != 0)
			continue; /* somebody else's */
		return signature_is_good(key, note, *ret_text_n, blob + ID_BYTES) ? 0 : -EBADMSG;
	}
	return -EBADMSG;
}

static int read_checkpoint(const struct key *key, const char *note, uint64_t *ret_size,
                           uint8_t ret_root[WL_SHA256_BYTES])
{
	const char *at = note, *line = next_line(&at, &(size_t){0});
	size_t n, got;

	if (!line || strncmp(line, key->name, strlen(key->name)) != 0 ||
	    line[strlen(key->name)] != '\n')
		return -EBADMSG;
	line = next_line(&at, &n);
	if (!line || decimal(line, n, ret_size) < 0)
		return -EBADMSG;
	line = next_line(&at, &n);
	return line && wl_base64_decode(line, n, ret_root, WL_SHA256_BYTES, &got) == 0 &&
	                       got == WL_SHA256_BYTES
	               ? 0
	               : -EBADMSG;
}

/* ---- the tree ---- */

static int hash_leaf(const char *p, size_t n, uint8_t ret[WL_SHA256_BYTES])
{
	WL_AUTO_FREE uint8_t *buf = malloc(n + 1);

	if (!buf)
		return -ENOMEM;
	buf[0] = 0;
	memcpy(buf + 1, p, n);
	return wl_sha256_of(buf, n + 1, ret);
}

static int hash_pair(const uint8_t *left, const uint8_t *right, uint8_t *ret)
{
	uint8_t buf[1 + 2 * WL_SHA256_BYTES] = {1};

	memcpy(buf + 1, left, WL_SHA256_BYTES);
	memcpy(buf + 1 + WL_SHA256_BYTES, right, WL_SHA256_BYTES);
	return wl_sha256_of(buf, sizeof(buf), ret);
}

static int follow(const struct proof *p, uint64_t size, const uint8_t root[WL_SHA256_BYTES])
{
	uint64_t fn = p->index, sn = size - 1;
	uint8_t at[WL_SHA256_BYTES];
	int r = hash_leaf(p->entry, p->entry_n, at);

	for (size_t i = 0; r == 0 && i < p->hashes; i++) {
		if (sn == 0)
			return -EBADMSG;
		if ((fn & 1) || fn == sn) {
			r = hash_pair(p->hash[i], at, at);
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = hash_pair(at, p->hash[i], at);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (r < 0)
		return r;
	return sn == 0 && memcmp(at, root, sizeof(at)) == 0 ? 0 : -EBADMSG;
}

static int check(const char *text, const struct key *key, struct proof *p, struct wl_receipt *ret,
                 struct wl_finding *f)
{
	uint8_t root[WL_SHA256_BYTES];
	json_error_t e;
	size_t n;
	int r = read_proof(text, p);

	if (r == -EBADMSG)
		return wl_refuse(f, WL_RULE_BAG_RECEIPT, "it is no receipt of a bag");
	if (r < 0)
		return r;
	if (check_note(key, p->note, &n) < 0 || read_checkpoint(key, p->note, &ret->size, root) < 0)
		return wl_refuse(f, WL_RULE_BAG_RECEIPT,
		                 "its checkpoint is not signed by the key given");
	r = p->index < ret->size ? follow(p, ret->size, root) : -EBADMSG;
	if (r == -EBADMSG)
		return wl_refuse(f, WL_RULE_BAG_RECEIPT,
		                 "its entry is not under the signed checkpoint");
	if (r < 0)
		return r;
	ret->entry = json_loadb(p->entry, p->entry_n, JSON_REJECT_DUPLICATES, &e);
	if (!ret->entry)
		return wl_refuse(f, WL_RULE_BAG_RECEIPT, "its entry cannot be read");
	ret->index = p->index;
	(void)snprintf(ret->origin, sizeof(ret->origin), "%s", key->name);
	return 0;
}

int wl_receipt_check(const char *text, size_t n, const char *vkey, struct wl_receipt *ret,
                     struct wl_finding *f)
{
	struct key key = {.name = ""};
	struct proof p = {.entry = NULL};
	int r = parse_vkey(vkey, &key);

	if (r < 0)
		return r;
	if (strlen(text) != n)
		return wl_refuse(f, WL_RULE_BAG_RECEIPT, "it is no receipt of a bag");
	r = check(text, &key, &p, ret, f);
	free(p.entry);
	return r;
}

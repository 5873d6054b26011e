/*
 * Signed notes and checkpoints: the forms of C2SP signed-note and tlog-checkpoint.
 *
 * Runs in weighlock-ledgerd, on checkpoints it signed itself and later on cosignatures brought in
 * on a medium: so parsing is bounded, a signature of a known key that fails refuses the whole note,
 * and a note without a signature of the key asked for is refused. Keeps no state.
 */
#include "daemon/ledger/note.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/text.h"

#define DASH            "\xe2\x80\x94 " /* U+2014 and a space begin a signature line */
#define DASH_N          4U
#define TYPE_ED25519    0x01
#define SIGNATURES_MAX  100 /* as golang.org/x/mod/sumdb/note */
#define SIGNATURE_BYTES (4 + WL_ED25519_SIGNED)

static bool name_is_valid(const char *name, size_t n)
{
	if (n == 0 || n > WL_ORIGIN_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= 0x20 || name[i] > 0x7e || name[i] == '+')
			return false;
	return true;
}

int wl_note_key_make(const char *name, const uint8_t public_key[WL_ED25519_PUBLIC],
                     struct wl_note_key *ret)
{
	struct wl_note_key key = {0};
	uint8_t buf[WL_ORIGIN_MAX + 2 + WL_ED25519_PUBLIC], digest[WL_SHA256_BYTES];
	size_t n = strlen(name);

	if (!name_is_valid(name, n))
		return -EINVAL;
	memcpy(key.name, name, n);
	memcpy(key.public_key, public_key, WL_ED25519_PUBLIC);
	memcpy(buf, name, n);
	buf[n] = '\n';
	buf[n + 1] = TYPE_ED25519;
	memcpy(buf + n + 2, public_key, WL_ED25519_PUBLIC);
	if (wl_sha256_of(buf, n + 2 + WL_ED25519_PUBLIC, digest) < 0)
		return -EIO;
	memcpy(key.id, digest, sizeof(key.id));
	*ret = key;
	return 0;
}

void wl_note_key_format(const struct wl_note_key *key, char buf[WL_VKEY_TEXT])
{
	uint8_t typed[1 + WL_ED25519_PUBLIC] = {TYPE_ED25519};
	char hex[2 * sizeof(key->id) + 1], b64[4 * ((sizeof(typed) + 2) / 3) + 1];

	memcpy(typed + 1, key->public_key, WL_ED25519_PUBLIC);
	wl_hex_encode(key->id, sizeof(key->id), hex);
	wl_base64_encode(typed, sizeof(typed), b64);
	(void)snprintf(buf, WL_VKEY_TEXT, "%s+%s+%s", key->name, hex, b64);
}

int wl_note_key_parse(const char *vkey, struct wl_note_key *ret)
{
	const char *plus = strchr(vkey, '+'), *second = plus ? strchr(plus + 1, '+') : NULL;
	char name[WL_ORIGIN_MAX + 1], hex[9];
	uint8_t typed[1 + WL_ED25519_PUBLIC], id[4];
	struct wl_note_key key;
	size_t n;

	if (!second || second - plus != 9 || (size_t)(plus - vkey) > WL_ORIGIN_MAX)
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(plus - vkey), vkey);
	(void)snprintf(hex, sizeof(hex), "%.8s", plus + 1);
	if (wl_hex_decode(hex, id, sizeof(id)) < 0 ||
	    wl_base64_decode(second + 1, strlen(second + 1), typed, sizeof(typed), &n) < 0 ||
	    n != sizeof(typed) || typed[0] != TYPE_ED25519)
		return -EINVAL;
	if (wl_note_key_make(name, typed + 1, &key) < 0 || memcmp(key.id, id, sizeof(id)) != 0)
		return -EINVAL;
	*ret = key;
	return 0;
}

int wl_note_compose(const struct wl_note_key *key, const char *text,
                    const uint8_t signature[WL_ED25519_SIGNED], char *buf, size_t size)
{
	uint8_t blob[SIGNATURE_BYTES];
	char b64[4 * ((sizeof(blob) + 2) / 3) + 1];
	int n;

	memcpy(blob, key->id, sizeof(key->id));
	memcpy(blob + sizeof(key->id), signature, WL_ED25519_SIGNED);
	wl_base64_encode(blob, sizeof(blob), b64);
	n = snprintf(buf, size, "%s\n" DASH "%s %s\n", text, key->name, b64);
	return n < 0 || (size_t)n >= size ? -EMSGSIZE : n;
}

int wl_note_check_ed25519(const uint8_t public_key[WL_ED25519_PUBLIC], const void *p, size_t n,
                          const uint8_t signature[WL_ED25519_SIGNED])
{
	EVP_PKEY *pk =
	        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, WL_ED25519_PUBLIC);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = pk && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pk) == 1 &&
	         EVP_DigestVerify(ctx, signature, WL_ED25519_SIGNED, p, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pk);
	return ok ? 0 : -EBADMSG;
}

/* One line without its newline: 1 where it is a good signature of `key`, 0 where it is another's.
 */
static int check_signature_line(const struct wl_note_key *key, const char *line, size_t n,
                                const char *text, size_t text_n)
{
	uint8_t blob[512];
	const char *space;
	size_t name_n, blob_n;

	if (n <= DASH_N || memcmp(line, DASH, DASH_N) != 0)
		return -EBADMSG;
	line += DASH_N;
	n -= DASH_N;
	space = memchr(line, ' ', n);
	if (!space || space == line)
		return -EBADMSG;
	name_n = (size_t)(space - line);
	if (wl_base64_decode(space + 1, n - name_n - 1, blob, sizeof(blob), &blob_n) < 0 ||
	    blob_n <= sizeof(key->id))
		return -EBADMSG;
	if (name_n != strlen(key->name) || memcmp(line, key->name, name_n) != 0 ||
	    memcmp(blob, key->id, sizeof(key->id)) != 0)
		return 0;
	if (blob_n != SIGNATURE_BYTES)
		return -EBADMSG;
	return wl_note_check_ed25519(key->public_key, text, text_n, blob + sizeof(key->id)) < 0
	               ? -EBADMSG
	               : 1;
}

/* The last empty line: text ends just after its newline, signatures begin after the next. */
static int split_note(const char *note, size_t n, size_t *ret_text_n)
{
	if (n < 2 || note[n - 1] != '\n' || !wl_utf8_is_valid(note, n))
		return -EBADMSG;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)note[i] < 0x20 && note[i] != '\n')
			return -EBADMSG;
	for (size_t i = n - 1; i > 0; i--)
		if (note[i] == '\n' && note[i - 1] == '\n') {
			*ret_text_n = i;
			return 0;
		}
	return -EBADMSG;
}

int wl_note_verify(const struct wl_note_key *key, const char *note, size_t n, size_t *ret_text_n)
{
	size_t text_n, pos;
	int verified = 0, lines = 0, r;

	r = split_note(note, n, &text_n);
	if (r < 0)
		return r;
	for (pos = text_n + 1; pos < n; lines++) {
		const char *end = memchr(note + pos, '\n', n - pos);
		if (!end || lines >= SIGNATURES_MAX)
			return -EBADMSG;
		r = check_signature_line(key, note + pos, (size_t)(end - (note + pos)), note,
		                         text_n);
		if (r < 0)
			return r;
		verified += r;
		pos = (size_t)(end - note) + 1;
	}
	if (verified == 0)
		return -EBADMSG;
	*ret_text_n = text_n;
	return 0;
}

int wl_checkpoint_format(const struct wl_checkpoint *cp, char *buf, size_t size)
{
	char b64[4 * ((WL_SHA256_BYTES + 2) / 3) + 1];
	int n;

	wl_base64_encode(cp->root.b, sizeof(cp->root.b), b64);
	n = snprintf(buf, size, "%s\n%" PRIu64 "\n%s\n", cp->origin, cp->size, b64);
	return n < 0 || (size_t)n >= size ? -EMSGSIZE : n;
}

/* The next line of the text, without its newline; -EBADMSG where there is none or it is empty. */
static int next_line(const char *text, size_t n, size_t *pos, const char **ret, size_t *ret_n)
{
	const char *end = *pos < n ? memchr(text + *pos, '\n', n - *pos) : NULL;

	if (!end || end == text + *pos)
		return -EBADMSG;
	*ret = text + *pos;
	*ret_n = (size_t)(end - *ret);
	*pos += *ret_n + 1;
	return 0;
}

static int parse_size(const char *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	if (n == 0 || (p[0] == '0' && n > 1))
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9' || wl_mul_overflows(v, UINT64_C(10), &v) ||
		    wl_add_overflows(v, (uint64_t)(p[i] - '0'), &v))
			return -EBADMSG;
	}
	*ret = v;
	return 0;
}

int wl_checkpoint_parse(const char *text, size_t n, struct wl_checkpoint *ret)
{
	struct wl_checkpoint cp = {0};
	const char *line;
	size_t pos = 0, line_n, root_n;

	if (next_line(text, n, &pos, &line, &line_n) < 0 || !name_is_valid(line, line_n))
		return -EBADMSG;
	memcpy(cp.origin, line, line_n);
	if (next_line(text, n, &pos, &line, &line_n) < 0 || parse_size(line, line_n, &cp.size) < 0)
		return -EBADMSG;
	if (next_line(text, n, &pos, &line, &line_n) < 0 ||
	    wl_base64_decode(line, line_n, cp.root.b, sizeof(cp.root.b), &root_n) < 0 ||
	    root_n != sizeof(cp.root.b))
		return -EBADMSG;
	while (pos < n)
		if (next_line(text, n, &pos, &line, &line_n) < 0)
			return -EBADMSG;
	*ret = cp;
	return 0;
}

int wl_checkpoint_open(const struct wl_note_key *key, const char *note, size_t n,
                       struct wl_checkpoint *ret)
{
	struct wl_checkpoint cp;
	size_t text_n;
	int r = wl_note_verify(key, note, n, &text_n);

	if (r < 0)
		return r;
	r = wl_checkpoint_parse(note, text_n, &cp);
	if (r < 0)
		return r;
	if (strcmp(cp.origin, key->name) != 0)
		return -EBADMSG;
	*ret = cp;
	return 0;
}

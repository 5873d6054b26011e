/*
 * Signed notes, verifier keys and checkpoints, as the auditor reads them.
 *
 * The note comes from the station, or from whoever stood between; the key does not: the auditor
 * typed its fingerprint once. So everything about the note is doubted, the key is only parsed.
 * Two lessons of other verifiers are built in: a missing signature is a failure with its own
 * result, and a line that claims to be of a known key and does not verify spoils the whole note.
 */
#include "verify/note.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#define DASH       "\xe2\x80\x94 "
#define DASH_BYTES 4

int verify_base64_decode(const char *s, size_t n, uint8_t *out, size_t size)
{
	uint8_t buf[VERIFY_NAME_MAX];
	char again[VERIFY_NAME_MAX * 2];
	int got, pad = 0;

	if (n == 0 || n % 4 || n / 4 * 3 > sizeof(buf))
		return -EINVAL;
	got = EVP_DecodeBlock(buf, (const unsigned char *)s, (int)n);
	while (pad < 2 && s[n - 1 - (size_t)pad] == '=')
		pad++;
	got -= pad;
	if (got < 0 || (size_t)got > size)
		return -EINVAL;
	if ((size_t)EVP_EncodeBlock((unsigned char *)again, buf, got) != n ||
	    memcmp(again, s, n) != 0)
		return -EINVAL;
	memcpy(out, buf, (size_t)got);
	return got;
}

static int key_id(const struct verify_key *key, uint8_t id[4])
{
	uint8_t buf[VERIFY_NAME_MAX + 2 + 32], digest[32];
	size_t n = strlen(key->name);

	memcpy(buf, key->name, n);
	buf[n++] = '\n';
	buf[n++] = key->type;
	memcpy(buf + n, key->public_key, 32);
	if (EVP_Digest(buf, n + 32, digest, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	memcpy(id, digest, 4);
	return 0;
}

static bool name_is_legal(const char *s, size_t n)
{
	if (n == 0 || n > VERIFY_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] <= ' ' || (uint8_t)s[i] >= 0x7f || s[i] == '+')
			return false;
	return true;
}

int verify_key_make(const char *name, uint8_t type, const uint8_t public_key[32],
                    struct verify_key *ret)
{
	struct verify_key key = {.type = type};

	if (!name_is_legal(name, strlen(name)))
		return -EINVAL;
	memcpy(key.name, name, strlen(name) + 1);
	memcpy(key.public_key, public_key, sizeof(key.public_key));
	if (key_id(&key, key.id) < 0)
		return -EIO;
	*ret = key;
	return 0;
}

void verify_key_print(const struct verify_key *key, char *buf, size_t size)
{
	uint8_t raw[33];
	char base64[48];

	raw[0] = key->type;
	memcpy(raw + 1, key->public_key, 32);
	(void)EVP_EncodeBlock((unsigned char *)base64, raw, sizeof(raw));
	(void)snprintf(buf, size, "%s+%02x%02x%02x%02x+%s", key->name, key->id[0], key->id[1],
	               key->id[2], key->id[3], base64);
}

int verify_key_parse(const char *vkey, struct verify_key *ret_key)
{
	const char *plus = strchr(vkey, '+');
	struct verify_key key = {.name = ""};
	uint8_t raw[33];
	char hex[9];

	if (!plus || !name_is_legal(vkey, (size_t)(plus - vkey)) || strlen(plus) < 11 ||
	    plus[9] != '+')
		return -EINVAL;
	memcpy(key.name, vkey, (size_t)(plus - vkey));
	if (verify_base64_decode(plus + 10, strlen(plus + 10), raw, sizeof(raw)) != 33)
		return -EINVAL;
	key.type = raw[0];
	memcpy(key.public_key, raw + 1, 32);
	if (key.type != VERIFY_TYPE_ED25519 && key.type != VERIFY_TYPE_COSIGNATURE)
		return -EINVAL;
	if (key_id(&key, key.id) < 0)
		return -EINVAL;
	(void)snprintf(hex, sizeof(hex), "%02x%02x%02x%02x", key.id[0], key.id[1], key.id[2],
	               key.id[3]);
	if (memcmp(hex, plus + 1, 8) != 0)
		return -EINVAL;
	*ret_key = key;
	return 0;
}

int verify_note_split(const uint8_t *note, size_t size, size_t *ret_text, size_t *ret_sigs)
{
	if (size < 3 || size > VERIFY_NOTE_BYTES_MAX || note[size - 1] != '\n')
		return -EBADMSG;
	for (size_t i = 0; i < size; i++)
		if ((note[i] < 0x20 && note[i] != '\n') || note[i] == 0x7f)
			return -EBADMSG;
	for (size_t i = size - 1; i > 0; i--)
		if (note[i] == '\n' && note[i - 1] == '\n') {
			*ret_text = i;
			*ret_sigs = i + 1;
			return i + 1 < size ? 0 : -ENOENT;
		}
	return -EBADMSG;
}

static bool ed25519_is_good(const struct verify_key *key, const void *text, size_t n,
                            const uint8_t sig[64])
{
	EVP_PKEY *pk = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public_key, 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = pk && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pk) == 1 &&
	            EVP_DigestVerify(ctx, sig, 64, text, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pk);
	return good;
}

static bool cosignature_is_good(const struct verify_key *key, const uint8_t *text, size_t n,
                                const uint8_t *body, uint64_t *ret_time)
{
	static uint8_t msg[VERIFY_NOTE_BYTES_MAX + 64];
	uint64_t when = 0;
	int head;

	for (unsigned i = 0; i < 8; i++)
		when = when << 8 | body[i];
	if (when > INT64_MAX)
		return false;
	head = snprintf((char *)msg, 64, "cosignature/v1\ntime %llu\n", (unsigned long long)when);
	memcpy(msg + head, text, n);
	if (!ed25519_is_good(key, msg, (size_t)head + n, body + 8))
		return false;
	if (ret_time)
		*ret_time = when;
	return true;
}

/* One signature line without its newline: 0 good, -ENOENT of another key, -EBADMSG otherwise. */
static int check_line(const char *line, size_t n, const struct verify_key *key, const uint8_t *text,
                      size_t text_size, uint64_t *ret_time)
{
	size_t name = strlen(key->name);
	uint8_t raw[4 + 8 + 64];
	const char *space;
	int got;

	if (n < DASH_BYTES || memcmp(line, DASH, DASH_BYTES) != 0)
		return -EBADMSG;
	line += DASH_BYTES;
	n -= DASH_BYTES;
	space = memchr(line, ' ', n);
	if (!space || !name_is_legal(line, (size_t)(space - line)))
		return -EBADMSG;
	if ((size_t)(space - line) != name || memcmp(line, key->name, name) != 0)
		return -ENOENT;
	got = verify_base64_decode(space + 1, n - name - 1, raw, sizeof(raw));
	if (got < 4 || memcmp(raw, key->id, 4) != 0)
		return -ENOENT;
	if (key->type == VERIFY_TYPE_COSIGNATURE)
		return got == 76 && cosignature_is_good(key, text, text_size, raw + 4, ret_time)
		               ? 0
		               : -EBADMSG;
	return got == 68 && ed25519_is_good(key, text, text_size, raw + 4) ? 0 : -EBADMSG;
}

int verify_note_check(const uint8_t *note, size_t size, const struct verify_key *key,
                      uint64_t *ret_time)
{
	size_t text, at;
	bool found = false;
	int r = verify_note_split(note, size, &text, &at);

	if (r < 0)
		return r;
	while (at < size) {
		const uint8_t *end = memchr(note + at, '\n', size - at);
		size_t n = (size_t)(end - (note + at));

		r = check_line((const char *)note + at, n, key, note, text, ret_time);
		if (r == 0)
			found = true;
		else if (r != -ENOENT)
			return r;
		at += n + 1;
	}
	return found ? 0 : -ENOENT;
}

int verify_cosignature_make(EVP_PKEY *private_key, const struct verify_key *key,
                            const uint8_t *text, size_t n, uint64_t when, char *ret, size_t size)
{
	static uint8_t msg[VERIFY_NOTE_BYTES_MAX + 64];
	uint8_t body[4 + 8 + 64];
	char base64[128];
	size_t sig = 64;
	EVP_MD_CTX *ctx;
	int head, r;

	if (n > VERIFY_NOTE_BYTES_MAX || key->type != VERIFY_TYPE_COSIGNATURE || when > INT64_MAX)
		return -EINVAL;
	head = snprintf((char *)msg, 64, "cosignature/v1\ntime %llu\n", (unsigned long long)when);
	memcpy(msg + head, text, n);
	memcpy(body, key->id, 4);
	for (unsigned i = 0; i < 8; i++)
		body[4 + i] = (uint8_t)(when >> (56 - 8 * i));
	ctx = EVP_MD_CTX_new();
	r = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, private_key) == 1 &&
	                    EVP_DigestSign(ctx, body + 12, &sig, msg, (size_t)head + n) == 1 &&
	                    sig == 64
	            ? 0
	            : -EIO;
	EVP_MD_CTX_free(ctx);
	if (r < 0)
		return r;
	(void)EVP_EncodeBlock((unsigned char *)base64, body, sizeof(body));
	return snprintf(ret, size, DASH "%s %s\n", key->name, base64) < (int)size ? 0 : -ENOBUFS;
}

static const char *take_line(const uint8_t *note, size_t size, size_t *pos, size_t *ret_n)
{
	const uint8_t *start = note + *pos;
	const uint8_t *end = *pos < size ? memchr(start, '\n', size - *pos) : NULL;

	if (!end)
		return NULL;
	*ret_n = (size_t)(end - start);
	*pos += *ret_n + 1;
	return (const char *)start;
}

int verify_decimal_parse(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	if (n == 0 || n > 19 || (n > 1 && s[0] == '0'))
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EBADMSG;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*ret = v;
	return 0;
}

int verify_checkpoint_parse(const uint8_t *note, size_t size, struct verify_checkpoint *ret)
{
	struct verify_checkpoint cp = {.origin = ""};
	size_t pos = 0, n;
	const char *line = take_line(note, size, &pos, &n);

	if (!line || !name_is_legal(line, n))
		return -EBADMSG;
	memcpy(cp.origin, line, n);
	line = take_line(note, size, &pos, &n);
	if (!line || verify_decimal_parse(line, n, &cp.size) < 0)
		return -EBADMSG;
	line = take_line(note, size, &pos, &n);
	if (!line || verify_base64_decode(line, n, cp.root, sizeof(cp.root)) != 32)
		return -EBADMSG;
	*ret = cp;
	return 0;
}

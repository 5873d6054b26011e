/*
 * Reads one EnvelopedData as a stream.
 *
 * The whole file is hostile: it comes from a medium that was in other hands. Its outer structure is
 * walked here and must be exactly what `seal` writes, so libcrypto's CMS parser sees a small, DER
 * encoded head without content, and afterwards only cipher blocks. Runs in worker-update in its
 * sandbox, with the recipient's key, which is wiped at the end. No state.
 */
#include "daemon/update/envelope_open.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/update/der.h"

#define PIECE_BYTES 65536U
#define CHUNKS_TAG  0xa0 /* [0], constructed: the content's OCTET STRINGs */
#define EOC_BYTES   8U   /* what closes the message after its content */
#define NOT_OURS    "it is not encrypted in the form a station uses"

static const uint8_t open_message[] = {0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                                       0x01, 0x07, 0x03, 0xa0, 0x80, 0x30, 0x80, 0x02, 0x01};
static const uint8_t open_content[] = {0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                       0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};

/* The file, read once from its beginning. */
struct stream {
	int fd, error;
	off_t at;
	uint8_t buf[PIECE_BYTES];
	size_t pos, n;
	uint64_t chunk; /* bytes left of the OCTET STRING under way */
	bool ended;     /* the content's end was seen */
	bool bad;       /* not of our form */
};

static bool fill(struct stream *s)
{
	ssize_t n = wl_pread_full(s->fd, s->buf, sizeof(s->buf), s->at);

	if (n < 0)
		s->error = (int)n;
	s->pos = 0;
	s->n = n > 0 ? (size_t)n : 0;
	s->at += (off_t)s->n;
	return s->n > 0;
}

static int next_byte(struct stream *s)
{
	if (s->pos == s->n && !fill(s))
		return -1;
	return s->buf[s->pos++];
}

/* ---- the content: OCTET STRINGs until the end of contents ---- */

static bool next_length(struct stream *s, uint64_t *ret)
{
	int first = next_byte(s);
	uint64_t n = (uint64_t)first;

	if (first < 0 || first == 0x80 || first > 0x84)
		return false;
	if (first > 0x80) {
		n = 0;
		for (int i = 0x80; i < first; i++) {
			int c = next_byte(s);
			if (c < 0)
				return false;
			n = n << 8 | (uint64_t)c;
		}
	}
	*ret = n;
	return true;
}

static void next_chunk(struct stream *s)
{
	int tag = next_byte(s);

	if (tag == 0x00)
		s->ended = next_byte(s) == 0x00;
	if (tag == WL_DER_OCTET_STRING && next_length(s, &s->chunk))
		return;
	s->bad = !s->ended;
}

static int content_read(BIO *b, char *p, size_t n, size_t *ret_n)
{
	struct stream *s = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	*ret_n = 0;
	while (s->chunk == 0 && !s->ended && !s->bad)
		next_chunk(s);
	if (s->ended || s->bad || (s->pos == s->n && !fill(s))) {
		s->bad = s->bad || !s->ended; /* the file ends within a string */
		return 0;
	}
	size_t take = s->n - s->pos;
	take = take < n ? take : n;
	take = take < s->chunk ? take : (size_t)s->chunk;
	memcpy(p, s->buf + s->pos, take);
	s->pos += take;
	s->chunk -= take;
	*ret_n = take;
	return 1;
}

static long content_ctrl(BIO *b, int command, long number, void *pointer)
{
	struct stream *s = BIO_get_data(b);

	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_EOF)
		return s->ended || s->bad;
	return command == BIO_CTRL_FLUSH;
}

static BIO *content_bio(struct stream *s)
{
	static BIO_METHOD *method;

	if (!method)
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weighlock cms");
	BIO *b = method && BIO_meth_set_read_ex(method, content_read) == 1 &&
	                         BIO_meth_set_ctrl(method, content_ctrl) == 1
	                 ? BIO_new(method)
	                 : NULL;
	if (b) {
		BIO_set_data(b, s);
		BIO_set_init(b, 1);
	}
	return b;
}

/* ---- the head ---- */

struct head {
	uint8_t version;
	struct wl_bytes recipients; /* SET OF RecipientInfo, whole */
	struct wl_bytes algorithm;  /* AlgorithmIdentifier of the content, whole */
};

static bool expect(struct wl_reader *r, const uint8_t *what, size_t n)
{
	const uint8_t *p = wl_reader_take(r, n);

	return p && memcmp(p, what, n) == 0;
}

/* Walks the head in s->buf and leaves s->pos at the first OCTET STRING. */
static bool read_head(struct stream *s, struct head *ret)
{
	struct wl_reader r = wl_reader_from(s->buf, s->n);
	struct wl_der recipients, algorithm;

	if (!expect(&r, open_message, sizeof(open_message)))
		return false;
	ret->version = wl_get_u8(&r);
	if (!wl_der_take(&r, WL_DER_SET, &recipients) || !wl_der_is_valid(recipients.whole) ||
	    !expect(&r, open_content, sizeof(open_content)) ||
	    !wl_der_take(&r, WL_DER_SEQUENCE, &algorithm) || !wl_der_is_valid(algorithm.whole))
		return false;
	if (wl_get_u8(&r) != CHUNKS_TAG || wl_get_u8(&r) != 0x80 || r.bad)
		return false;
	ret->recipients = recipients.whole;
	ret->algorithm = algorithm.whole;
	s->pos = r.pos;
	return true;
}

/* Tag and length before what `from` begins and `end` ends; returns the new beginning. */
static uint8_t *wrap(uint8_t *from, const uint8_t *end, uint8_t tag)
{
	size_t n = (size_t)(end - from);
	uint8_t octets = 0;

	if (n < 0x80) {
		*--from = (uint8_t)n;
	} else {
		for (; n > 0; n >>= 8, octets++)
			*--from = (uint8_t)n;
		*--from = (uint8_t)(0x80 | octets);
	}
	*--from = tag;
	return from;
}

static uint8_t *prepend(uint8_t *from, const void *p, size_t n)
{
	memcpy(from - n, p, n);
	return from - n;
}

/* The same message in DER, its content detached: what libcrypto is given. Built from its end. */
static CMS_ContentInfo *detached(const struct head *h)
{
	size_t room = h->recipients.n + h->algorithm.n + 128;
	WL_AUTO_FREE uint8_t *buf = malloc(room);
	const uint8_t *end = buf + room, *p;
	const uint8_t version[] = {0x02, 0x01, h->version};
	uint8_t *at = buf + room;

	if (!buf)
		return NULL;
	at = prepend(at, h->algorithm.p, h->algorithm.n);
	at = prepend(at, open_content + 2, sizeof(open_content) - 2);
	at = wrap(at, end, WL_DER_SEQUENCE);
	at = prepend(at, h->recipients.p, h->recipients.n);
	at = prepend(at, version, sizeof(version));
	at = wrap(at, end, WL_DER_SEQUENCE);
	at = wrap(at, end, CHUNKS_TAG);
	at = prepend(at, open_message + 2, 11);
	at = wrap(at, end, WL_DER_SEQUENCE);
	p = at;
	return d2i_CMS_ContentInfo(NULL, &p, (long)(end - at));
}

/* Only what `seal` uses: the content's cipher is AES-256-CBC. */
static bool cipher_is_ours(struct wl_bytes algorithm)
{
	static const uint8_t oid[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                              0x65, 0x03, 0x04, 0x01, 0x2a};

	return algorithm.n > 2 + sizeof(oid) && memcmp(algorithm.p + 2, oid, sizeof(oid)) == 0;
}

/* After the content: what closes it, and not one byte more. */
static bool closes(struct stream *s)
{
	for (unsigned i = 0; i < EOC_BYTES; i++)
		if (next_byte(s) != 0)
			return false;
	return next_byte(s) < 0 && s->error == 0;
}

/* ---- the two calls ---- */

static int no_passphrase(char *buf, int size, int writing, void *user)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

int wl_envelope_key(const void *pem, size_t n, EVP_PKEY **ret, struct wl_finding *f)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (key && !EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "EC")) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	if (!key)
		return wl_refuse(
		        f, WL_RULE_BAG_NOT_OPENED,
		        "the key file is no private key (PEM, RSA or EC, without passphrase)");
	*ret = key;
	return 0;
}

struct counted {
	wl_sink_function put;
	void *user;
	uint64_t bytes;
};

static int count(void *user, const void *p, size_t n)
{
	struct counted *c = user;

	c->bytes += n;
	return c->put(c->user, p, n);
}

static int decrypt(struct stream *s, const struct head *h, EVP_PKEY *key, struct wl_sink *sink,
                   struct wl_finding *f)
{
	CMS_ContentInfo *cms = detached(h);
	BIO *content = content_bio(s), *out = wl_bio_sink(sink);
	int good =
	        cms && content && out ? CMS_decrypt(cms, key, NULL, content, out, CMS_BINARY) : 0;
	bool memory = content && out;

	BIO_free(content);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	if (!memory)
		return -ENOMEM;
	if (sink->error < 0 || s->error < 0)
		return sink->error < 0 ? sink->error : s->error;
	if (good != 1)
		return wl_refuse(f, WL_RULE_BAG_NOT_OPENED,
		                 s->bad ? NOT_OURS
		                        : "it was not made for this key, or was changed");
	return 0;
}

int wl_envelope_open(int fd, EVP_PKEY *key, wl_sink_function put, void *user, uint64_t *ret_bytes,
                     struct wl_finding *f)
{
	WL_AUTO_FREE struct stream *s = calloc(1, sizeof(*s));
	struct counted c = {.put = put, .user = user};
	struct wl_sink sink = {.put = count, .user = &c};
	struct head head;

	if (!s)
		return -ENOMEM;
	s->fd = fd;
	(void)fill(s);
	if (s->error < 0)
		return s->error;
	if (!read_head(s, &head) || !cipher_is_ours(head.algorithm))
		return wl_refuse(f, WL_RULE_BAG_NOT_OPENED, NOT_OURS);
	/* the head lies in the buffer that reading on overwrites: libcrypto has its copy by then */
	int r = decrypt(s, &head, key, &sink, f);
	if (r == 0 && (!s->ended || !closes(s)))
		r = wl_refuse(f, WL_RULE_BAG_NOT_OPENED, "%s", NOT_OURS);
	if (r == 0)
		*ret_bytes = c.bytes;
	return r;
}

/*
 * The auditor's memory.
 *
 * No signature tells that a ledger was put back to an older state it once really had: only memory
 * outside the station does. This is that memory, one line per station: origin, when it was
 * verified, and the signed checkpoint itself in base64, so that the file vouches for nothing a
 * station did not sign and two of them are evidence. Whoever can change the file can make the
 * auditor forget, no more. Written through a new file that is renamed; power going leaves the old
 * or the new.
 */
#include "verify/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "verify/files.h"

#define HEADER     "weighlock stations seen 1\n"
#define NOTE_MAX   6000U /* a checkpoint with 16 cosignatures */
#define FILE_BYTES (VERIFY_STATIONS_MAX * 9000U)

struct one {
	char origin[VERIFY_NAME_MAX + 1];
	uint64_t when;
	uint16_t n;
	uint8_t *note;
};

struct verify_seen {
	char path[PATH_MAX];
	bool changed;
	unsigned n;
	struct one one[VERIFY_STATIONS_MAX + 1]; /* the last is never used */
};

struct verify_seen *verify_seen_free(struct verify_seen *s)
{
	if (s) {
		for (unsigned i = 0; i < s->n; i++)
			free(s->one[i].note);
		free(s);
	}
	return NULL;
}

/* The base64 of a note, in a line of our own writing. The number of bytes or -EBADMSG. */
static int decode(const char *s, size_t n, uint8_t *out)
{
	int got;

	if (n == 0 || n % 4 || n / 4 * 3 > NOTE_MAX + 3)
		return -EBADMSG;
	got = EVP_DecodeBlock(out, (const unsigned char *)s, (int)n);
	if (got < 0)
		return -EBADMSG;
	got -= s[n - 1] == '=';
	got -= s[n - 2] == '=';
	return got;
}

static int take_line(struct verify_seen *s, char *line)
{
	uint8_t note[NOTE_MAX + 6];
	char *when = strchr(line, ' '), *base64 = when ? strchr(when + 1, ' ') : NULL;
	uint64_t t;
	int n;

	if (!base64)
		return -EBADMSG;
	*when++ = '\0';
	*base64++ = '\0';
	n = decode(base64, strlen(base64), note);
	if (n < 0 || strlen(line) > VERIFY_NAME_MAX ||
	    verify_decimal_parse(when, strlen(when), &t) < 0)
		return -EBADMSG;
	return verify_seen_put(s, line, note, (size_t)n, t);
}

static int parse(struct verify_seen *s, char *text, size_t n)
{
	char *line = text + strlen(HEADER);

	if (n < strlen(HEADER) || memcmp(text, HEADER, strlen(HEADER)) != 0 || text[n - 1] != '\n')
		return -EBADMSG;
	while (*line) {
		char *end = strchr(line, '\n');
		if (!end)
			return -EBADMSG; /* a NUL byte stood in it */
		*end = '\0';
		if (take_line(s, line) < 0)
			return -EBADMSG;
		line = end + 1;
	}
	return 0;
}

int verify_seen_load(const char *book_path, struct verify_seen **ret)
{
	struct verify_seen *s = calloc(1, sizeof(*s));
	char *text = malloc(FILE_BYTES + 1);
	ssize_t got;
	int r = s && text ? 0 : -ENOMEM;

	if (r == 0 &&
	    snprintf(s->path, sizeof(s->path), "%s.seen", book_path) >= (int)sizeof(s->path))
		r = -ENAMETOOLONG;
	if (r == 0) {
		got = verify_file_read(AT_FDCWD, s->path, (uint8_t *)text, FILE_BYTES);
		if (got >= 0) {
			text[got] = '\0';
			r = parse(s, text, (size_t)got);
		} else if (got != -ENOENT) {
			r = (int)got;
		}
	}
	free(text);
	if (r < 0) {
		verify_seen_free(s);
		return r;
	}
	s->changed = false;
	*ret = s;
	return 0;
}

/* Where an origin's line is; the number of lines where there is none. */
static unsigned find(const struct verify_seen *s, const char *origin)
{
	unsigned i = 0;

	while (i < s->n && strcmp(s->one[i].origin, origin) != 0)
		i++;
	return i;
}

int verify_seen_get(const struct verify_seen *s, const struct verify_key *key,
                    struct verify_checkpoint *ret, uint64_t *ret_when)
{
	const struct one *one = &s->one[find(s, key->name)];

	if (one == &s->one[s->n])
		return 0;
	if (verify_note_check(one->note, one->n, key, NULL) < 0 ||
	    verify_checkpoint_parse(one->note, one->n, ret) < 0 ||
	    strcmp(ret->origin, key->name) != 0)
		return -EBADMSG;
	*ret_when = one->when;
	return 1;
}

int verify_seen_put(struct verify_seen *s, const char *origin, const uint8_t *note, size_t n,
                    uint64_t when)
{
	unsigned at = find(s, origin);
	struct one *one = &s->one[at];
	uint8_t *copy;

	if (n > NOTE_MAX || at == VERIFY_STATIONS_MAX)
		return -ENOSPC;
	copy = malloc(n + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, note, n);
	if (at == s->n) {
		s->n++;
		(void)snprintf(one->origin, sizeof(one->origin), "%s", origin);
	}
	free(one->note);
	one->note = copy;
	one->n = (uint16_t)n;
	one->when = when;
	s->changed = true;
	return 0;
}

static size_t render(const struct verify_seen *s, char *text)
{
	char base64[NOTE_MAX / 3 * 4 + 8];
	size_t at = (size_t)sprintf(text, "%s", HEADER);

	for (unsigned i = 0; i < s->n; i++) {
		const struct one *one = &s->one[i];
		(void)EVP_EncodeBlock((unsigned char *)base64, one->note, one->n);
		at += (size_t)sprintf(text + at, "%s %llu %s\n", one->origin,
		                      (unsigned long long)one->when, base64);
	}
	return at;
}

int verify_seen_save(struct verify_seen *s)
{
	char folder[PATH_MAX], name[PATH_MAX];
	char *text;
	int fd, r;

	if (!s->changed)
		return 0;
	text = malloc(FILE_BYTES + 1); /* more than so many stations of such notes can need */
	if (!text)
		return -ENOMEM;
	(void)snprintf(folder, sizeof(folder), "%s", s->path);
	(void)snprintf(name, sizeof(name), "%s", s->path);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : verify_file_replace(fd, basename(name), text, render(s, text));
	if (fd >= 0)
		(void)close(fd);
	if (r == 0)
		s->changed = false;
	free(text);
	return r;
}

/*
 * The book of stations.
 *
 * Lies on the auditor's own disk or comes from headquarters on a medium, then with a signature that
 * is checked before a line is read (headquarters.c). Even so it is read strictly: one form, no key
 * or origin twice, lines of a known kind only, so that nobody hides a second key under a comment or
 * a long line. Writing goes through a new file that is renamed.
 */
#include "verify/book.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "verify/files.h"

#define HEADER         "weighlock stations book 1"
#define LINE_MAX_BYTES 1024U
#define WORDS          3U

struct words {
	char line[LINE_MAX_BYTES];
	char *word[WORDS];
	unsigned n;
};

/* Splits at single spaces. Comments and empty lines have no word. -EBADMSG: not a line of a book.
 */
static int split(const char *p, size_t n, struct words *w)
{
	char *at = w->line;

	w->n = 0;
	if (n >= sizeof(w->line))
		return -EBADMSG;
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] > '~')
			return -EBADMSG;
	memcpy(w->line, p, n);
	w->line[n] = '\0';
	if (n == 0 || p[0] == '#')
		return 0;
	for (;;) {
		if (w->n == WORDS || *at == ' ' || *at == '\0')
			return -EBADMSG;
		w->word[w->n++] = at;
		at = strchr(at, ' ');
		if (!at)
			return 0;
		*at++ = '\0';
	}
}

struct verify_station *verify_book_find(struct verify_book *b, const char *origin)
{
	for (unsigned i = 0; i < b->stations; i++)
		if (strcmp(b->station[i].key.name, origin) == 0)
			return &b->station[i];
	return NULL;
}

static int take_station(struct verify_book *b, const struct words *w)
{
	struct verify_key key;

	if (w->n != 2 || verify_key_parse(w->word[1], &key) < 0 ||
	    key.type != VERIFY_TYPE_ED25519 || verify_book_find(b, key.name) ||
	    b->stations == VERIFY_STATIONS_MAX)
		return -EBADMSG;
	b->station[b->stations].successor[0] = '\0';
	b->station[b->stations++].key = key;
	return 0;
}

static int take_ended(struct verify_book *b, const struct words *w)
{
	struct verify_station *s = w->n == 3 ? verify_book_find(b, w->word[1]) : NULL;

	if (!s || s->successor[0] || strlen(w->word[2]) > VERIFY_NAME_MAX ||
	    strcmp(w->word[1], w->word[2]) == 0)
		return -EBADMSG;
	(void)snprintf(s->successor, sizeof(s->successor), "%s", w->word[2]);
	return 0;
}

static int take_cosigner(struct verify_book *b, const struct words *w)
{
	bool required = w->n == 3 && strcmp(w->word[2], "required") == 0;
	struct verify_key key;

	if (w->n < 2 || (w->n == 3 && !required) || verify_key_parse(w->word[1], &key) < 0 ||
	    key.type != VERIFY_TYPE_COSIGNATURE || b->cosigners == VERIFY_BOOK_COSIGNERS ||
	    b->requireds == VERIFY_BOOK_COSIGNERS)
		return -EBADMSG;
	if (required)
		b->required[b->requireds++] = key;
	else
		b->known[b->cosigners++] = key;
	return 0;
}

static int take_expect(struct verify_book *b, const struct words *w)
{
	uint64_t n;

	if (w->n != 2 || b->expected ||
	    verify_decimal_parse(w->word[1], strlen(w->word[1]), &n) < 0 || n == 0 ||
	    n > VERIFY_STATIONS_MAX)
		return -EBADMSG;
	b->expected = (unsigned)n;
	return 0;
}

static const struct {
	const char *word;
	int (*take)(struct verify_book *b, const struct words *w);
} kinds[] = {
        {"station", take_station},
        {"ended", take_ended},
        {"cosigner", take_cosigner},
        {"expect", take_expect},
};

static int take_line(struct verify_book *b, const char *p, size_t n)
{
	struct words w;
	int r = split(p, n, &w);

	if (r < 0 || w.n == 0)
		return r;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(w.word[0], kinds[i].word) == 0)
			return kinds[i].take(b, &w);
	return -EBADMSG;
}

int verify_book_parse(const char *p, size_t n, struct verify_book *ret, unsigned *ret_line)
{
	size_t pos = 0;

	ret->stations = ret->cosigners = ret->requireds = ret->expected = 0;
	for (*ret_line = 1; pos < n; ++*ret_line) {
		const char *end = memchr(p + pos, '\n', n - pos);
		size_t len = end ? (size_t)(end - (p + pos)) : 0;

		if (!end)
			return -EBADMSG;
		if (*ret_line == 1) {
			if (len != strlen(HEADER) || memcmp(p, HEADER, len) != 0)
				return -EBADMSG;
		} else if (take_line(ret, p + pos, len) < 0) {
			return -EBADMSG;
		}
		pos += len + 1;
	}
	return *ret_line > 1 ? 0 : -EBADMSG;
}

long verify_book_load(const char *path, char *buf)
{
	ssize_t got = verify_file_read(AT_FDCWD, path, (uint8_t *)buf, VERIFY_BOOK_BYTES_MAX);

	return got == -ENOENT ? 0 : got;
}

int verify_book_append(const char *path, char *text, size_t n, const char *line)
{
	char folder[PATH_MAX], name[PATH_MAX];
	int fd, r, added;

	added = snprintf(text + n, VERIFY_BOOK_BYTES_MAX - n, "%s%s\n", n ? "" : HEADER "\n", line);
	if (added < 0 || (size_t)added >= VERIFY_BOOK_BYTES_MAX - n ||
	    strlen(path) >= sizeof(folder))
		return -ENOBUFS;
	(void)snprintf(folder, sizeof(folder), "%s", path);
	(void)snprintf(name, sizeof(name), "%s", path);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = verify_file_replace(fd, basename(name), text, n + (size_t)added);
	(void)close(fd);
	return r;
}

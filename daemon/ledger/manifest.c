/*
 * Manifests: parsed line by line, strictly, and kept under their digest.
 *
 * Runs in weighlock-ledgerd. The bytes come from the broker, whose list of names comes from a
 * medium: so the memfd must be sealed (it cannot change under us), every field has one form, and a
 * line that is not exactly that refuses the whole. Streams: never more than a few KiB in memory.
 * Power going while it is stored leaves a temporary file; the entry that names it is not written
 * yet.
 */
#include "daemon/ledger/manifest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/bytes.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/ledger/folder.h"

#define LINE_MAX_BYTES (WL_MANIFEST_PATH_MAX + 256U)
#define CHUNK_BYTES    16384U
#define FOLDER         "manifests"

/* Lines of a descriptor, by pread, one buffer. */
struct lines {
	int fd;
	off_t offset;
	char buf[CHUNK_BYTES];
	size_t have, at;
};

/* The next line without its newline, NUL-terminated in *ret. 1, 0 at the end, -EINVAL. */
static int next_line(struct lines *l, char ret[LINE_MAX_BYTES], size_t *ret_n)
{
	size_t n = 0;

	for (;;) {
		if (l->at == l->have) {
			ssize_t got = wl_pread_full(l->fd, l->buf, sizeof(l->buf), l->offset);
			if (got < 0)
				return (int)got;
			if (got == 0)
				return n == 0 ? 0 : -EINVAL;
			l->offset += got;
			l->have = (size_t)got;
			l->at = 0;
		}
		char c = l->buf[l->at++];
		if (c == '\n') {
			ret[n] = '\0';
			*ret_n = n;
			return 1;
		}
		if (c == '\0' || n == LINE_MAX_BYTES - 1)
			return -EINVAL;
		ret[n++] = c;
	}
}

/* Cuts the next field off: up to two spaces. */
static int take_field(char **line, char *buf, size_t size)
{
	char *end = strstr(*line, "  ");
	size_t n = end ? (size_t)(end - *line) : 0;

	if (!end || n == 0 || n >= size)
		return -EINVAL;
	memcpy(buf, *line, n);
	buf[n] = '\0';
	*line = end + 2;
	return 0;
}

static int parse_bytes(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s[0] == '0' && s[1] != '\0')
		return -EINVAL;
	for (; *s; s++)
		if (*s < '0' || *s > '9' || wl_mul_overflows(v, UINT64_C(10), &v) ||
		    wl_add_overflows(v, (uint64_t)(*s - '0'), &v))
			return -EINVAL;
	*ret = v;
	return v > (UINT64_C(1) << 53) - 1 ? -EINVAL : 0;
}

static enum wl_verdict find_verdict(const char *s)
{
	for (int v = WL_PASS; v < WL_VERDICT_MAX; v++)
		if (strcmp(wl_verdict_name((enum wl_verdict)v), s) == 0)
			return (enum wl_verdict)v;
	return WL_VERDICT_NONE;
}

static int parse_path(const char *s, char ret[WL_MANIFEST_PATH_MAX + 1])
{
	uint8_t raw[WL_MANIFEST_PATH_MAX];
	size_t n, raw_n;

	n = strlen(s);
	if (n == 0 || n > WL_MANIFEST_PATH_MAX ||
	    wl_path_unescape(s, raw, sizeof(raw), &raw_n) < 0 ||
	    wl_path_escape(raw, raw_n, ret, WL_MANIFEST_PATH_MAX + 1) < 0)
		return -EINVAL;
	return strcmp(ret, s) == 0 ? 0 : -EINVAL;
}

static int parse_line(char *s, struct wl_manifest_line *ret)
{
	char bytes[24], verdict[16], rule[48];

	if (take_field(&s, ret->sha256, sizeof(ret->sha256)) < 0 ||
	    !wl_hex_is_sha256(ret->sha256) || take_field(&s, bytes, sizeof(bytes)) < 0 ||
	    parse_bytes(bytes, &ret->bytes) < 0 ||
	    take_field(&s, ret->item, sizeof(ret->item)) < 0 || !wl_id_is(WL_ID_ITEM, ret->item) ||
	    take_field(&s, verdict, sizeof(verdict)) < 0 || take_field(&s, rule, sizeof(rule)) < 0)
		return -EINVAL;
	ret->verdict = find_verdict(verdict);
	ret->rule = wl_rule_find(rule);
	if (ret->verdict == WL_VERDICT_NONE || ret->rule == WL_RULE_NONE)
		return -EINVAL;
	return parse_path(s, ret->path);
}

/* Lines ascend by item; the pages of one item are lines of their own, and ascend by path. */
static bool comes_after(const struct wl_manifest_line *line, const char *item, const char *path)
{
	int order = strcmp(line->item, item);
	return order > 0 || (order == 0 && strcmp(line->path, path) > 0);
}

int wl_manifest_walk(int fd, const char *transfer,
                     int (*each)(void *user, const struct wl_manifest_line *line), void *user,
                     struct wl_finding *ret_finding)
{
	struct lines lines = {.fd = fd};
	struct wl_manifest_line line;
	char text[LINE_MAX_BYTES], last[WL_ID_TEXT] = "", last_path[sizeof(line.path)] = "";
	size_t n, prefix = strlen(transfer);
	uint64_t number = 0;
	int r;

	while ((r = next_line(&lines, text, &n)) > 0) {
		number++;
		r = parse_line(text, &line);
		if (r < 0 || strncmp(line.item, transfer, prefix) != 0 ||
		    line.item[prefix] != '.' || !comes_after(&line, last, last_path))
			r = -EINVAL;
		if (r < 0)
			break;
		memcpy(last, line.item, sizeof(last));
		memcpy(last_path, line.path, sizeof(last_path));
		r = each ? each(user, &line) : 0;
		if (r < 0)
			return r;
	}
	if (r == -EINVAL)
		(void)wl_refuse(ret_finding, WL_RULE_NONE,
		                "the manifest is not of its form at line %" PRIu64,
		                number ? number : 1);
	return r;
}

/* Copies the manifest under a temporary name and gives it its own when it lies whole. */
static int copy_in(int folder, int fd, const char *sha256)
{
	WL_AUTO_CLOSE int out = -1;
	char tmp[WL_SHA256_HEX + 8], buf[CHUNK_BYTES];
	off_t at = 0;
	ssize_t n;
	int r;

	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", sha256);
	out = openat(folder, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (out < 0)
		return -errno;
	while ((n = wl_pread_full(fd, buf, sizeof(buf), at)) > 0) {
		r = wl_write_full(out, buf, (size_t)n);
		if (r < 0)
			return r;
		at += n;
	}
	if (n < 0)
		return (int)n;
	if (fsync(out) < 0 || close(TAKE_FD(out)) < 0 ||
	    renameat(folder, tmp, folder, sha256) < 0 || fsync(folder) < 0)
		return -errno;
	return 0;
}

static int check_digest(int fd, const char *sha256)
{
	uint8_t digest[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1];
	uint64_t bytes;
	int r = wl_sha256_of_fd(fd, digest, &bytes);

	if (r < 0)
		return r;
	wl_hex_encode(digest, sizeof(digest), hex);
	return strcmp(hex, sha256) == 0 ? 0 : -EUCLEAN;
}

int wl_manifest_store(int dirfd, int fd, const char *sha256, const char *transfer,
                      struct wl_finding *ret_finding)
{
	WL_AUTO_CLOSE int folder = -1, there = -1;
	struct stat st;
	int r = wl_memfd_check_sealed(fd);

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0 && (uint64_t)st.st_size > WL_MANIFEST_BYTES_MAX)
		r = -EFBIG;
	if (r == 0)
		r = check_digest(fd, sha256);
	if (r == -EUCLEAN) {
		(void)wl_refuse(ret_finding, WL_RULE_NONE,
		                "the manifest does not have the digest named");
		return -EINVAL;
	}
	if (r == 0)
		r = wl_manifest_walk(fd, transfer, NULL, NULL, ret_finding);
	if (r == 0)
		r = wl_folder_make(dirfd, FOLDER, 0750, &folder);
	if (r < 0)
		return r;
	if (wl_manifest_open(dirfd, sha256, &there) == 0)
		return 0; /* the same bytes lie there already */
	return copy_in(folder, fd, sha256);
}

int wl_manifest_open(int dirfd, const char *sha256, int *ret_fd)
{
	WL_AUTO_CLOSE int fd = -1;
	char path[WL_SHA256_HEX + 16];
	int r;

	(void)snprintf(path, sizeof(path), FOLDER "/%s", sha256);
	fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = check_digest(fd, sha256);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

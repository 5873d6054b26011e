/*
 * Looks into an archive through libarchive, with formats named one by one and no filter.
 *
 * The archive is the vendor's or an attacker's. Runs in worker-archive, one archive per process,
 * with nothing to write to. libarchive reports what it finds; every report is checked here again,
 * because with all its own protections on it still lets duplicates, devices, links and reserved
 * names through, and for a ZIP file whose headers disagree it names the wrong one.
 */
#include "daemon/update/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/update/archive_stream.h"
#include "daemon/update/names.h"
#include "daemon/update/tar_structure.h"
#include "daemon/update/zip_structure.h"

#define TAR_BLOCK     512U
#define PROGRESS_STEP WL_MIB(64)

struct look {
	const struct wl_unpack *order;
	struct wl_archive_stream *stream;
	struct archive *a;
	struct wl_zip *zip;      /* NULL for tar */
	struct wl_tar_walk *tar; /* NULL for zip */
	bool tar_refused;
	struct wl_name_set *names;
	struct wl_finding *finding;
	uint64_t item; /* the member being read; 0 before and after */
	uint64_t items;
	uint64_t bytes; /* of all contents */
	uint64_t reported;
};

static void cleanup_look(struct look *l)
{
	archive_read_free(l->a);
	l->stream = wl_archive_stream_free(l->stream);
	l->zip = wl_zip_free(l->zip);
	l->tar = wl_tar_walk_free(l->tar);
	l->names = wl_name_set_free(l->names);
}

static const struct {
	const char *word;
	enum wl_archive_format format;
} formats[] = {
        {"tar", WL_ARCHIVE_TAR},
        {"tar-gzip", WL_ARCHIVE_TAR_GZIP},
        {"zip", WL_ARCHIVE_ZIP},
};

enum wl_archive_format wl_archive_format_find(const char *word)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].word, word) == 0)
			return formats[i].format;
	return 0;
}

/* The next piece; the walk over a tar file sees it before anybody else does. */
static ssize_t next_piece(struct look *l, const void **buf)
{
	ssize_t got = wl_archive_stream_next(l->stream, buf);
	int e = 0;

	if (got == -EBADMSG)
		*l->finding = *wl_archive_stream_finding(l->stream);
	if (got <= 0 || !l->tar)
		return got;
	e = wl_tar_walk_feed(l->tar, *buf, (size_t)got, l->finding);
	l->tar_refused = e == -EBADMSG;
	return e < 0 ? e : got;
}

static la_ssize_t on_read(struct archive *a, void *user, const void **buf)
{
	ssize_t got = next_piece(user, buf);

	if (got < 0)
		archive_set_error(a, (int)-got, "stream");
	return got < 0 ? -1 : got;
}

static la_int64_t on_seek(struct archive *a, void *user, la_int64_t offset, int whence)
{
	struct look *l = user;
	int64_t base = whence == SEEK_SET   ? 0
	               : whence == SEEK_CUR ? (int64_t)wl_archive_stream_position(l->stream)
	                                    : (int64_t)l->order->size;

	(void)a;
	if (__builtin_add_overflow(base, offset, &base) || base < 0 ||
	    wl_archive_stream_seek(l->stream, (uint64_t)base) < 0)
		return ARCHIVE_FATAL;
	return base;
}

static bool stream_refused(const struct look *l)
{
	return l->tar_refused || wl_archive_stream_finding(l->stream)->rule != WL_RULE_NONE;
}

/* What a failure of libarchive means; a finding or fault of the stream came first. */
static int explain(struct look *l)
{
	if (l->tar_refused)
		l->item = wl_tar_walk_members(l->tar);
	if (stream_refused(l))
		return -EBADMSG;
	if (archive_errno(l->a) == ENOMEM)
		return -ENOMEM;
	if (archive_errno(l->a) == EIO)
		return -EIO;
	if (wl_archive_stream_ended(l->stream))
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_TRUNCATED, "ends in the middle");
	return wl_refuse(l->finding, WL_RULE_ARCHIVE_STRUCTURE, "%s",
	                 l->zip ? "an entry's data is damaged" : "a header cannot be read");
}

static int check_kind(struct look *l, struct archive_entry *entry, bool *ret_folder)
{
	mode_t type = archive_entry_filetype(entry);

	if (archive_entry_is_encrypted(entry))
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_ENCRYPTED, "an entry is encrypted");
	if (archive_entry_hardlink(entry) || archive_entry_symlink(entry) || type == AE_IFLNK)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_LINK, "a link");
	if (type != AE_IFREG && type != AE_IFDIR)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_SPECIAL_FILE, "file type %o",
		                 (unsigned)type >> 12);
	if (archive_entry_sparse_count(entry) > 0)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_SPARSE, "a file with holes");
	if (!archive_entry_size_is_set(entry) && type == AE_IFREG)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_STRUCTURE, "a file without a size");
	*ret_folder = type == AE_IFDIR;
	return 0;
}

/* The member's path: for a ZIP file the raw name of its central directory. */
static int take_path(struct look *l, struct archive_entry *entry, struct wl_bytes *ret)
{
	const char *path = archive_entry_pathname(entry);

	if (l->zip) {
		const struct wl_zip_entry *z = wl_zip_entry(l->zip, l->items - 1);

		if (!z)
			return wl_refuse(l->finding, WL_RULE_ARCHIVE_STRUCTURE,
			                 "more entries than in the central directory");
		*ret = z->name;
		return 0;
	}
	if (!path)
		return wl_refuse(l->finding, WL_RULE_NAME_ENCODING, "the name cannot be read");
	*ret = (struct wl_bytes){(const uint8_t *)path, strlen(path)};
	return 0;
}

/* libarchive must have understood the entry as our own reading of the directory did. */
static int check_agreement(struct look *l, struct archive_entry *entry)
{
	const struct wl_zip_entry *z = l->zip ? wl_zip_entry(l->zip, l->items - 1) : NULL;
	const char *path = archive_entry_pathname(entry);

	if (!z || (path && strlen(path) == z->name.n && memcmp(path, z->name.p, z->name.n) == 0 &&
	           z->size == (uint64_t)archive_entry_size(entry)))
		return 0;
	return wl_refuse(l->finding, WL_RULE_ARCHIVE_STRUCTURE,
	                 "an entry is read otherwise than the central directory says");
}

static int check_totals(struct look *l)
{
	uint64_t max = l->order->bytes_max < WL_ARCHIVE_BYTES_MAX ? l->order->bytes_max
	                                                          : WL_ARCHIVE_BYTES_MAX;

	if (l->bytes > max)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_BOMB,
		                 "unpacks to more than %llu bytes", (unsigned long long)max);
	if (l->bytes > WL_ARCHIVE_RATIO_FREE_BYTES &&
	    l->bytes / WL_ARCHIVE_RATIO_MAX > l->order->size)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_BOMB,
		                 "unpacks to more than %u times its size", WL_ARCHIVE_RATIO_MAX);
	if (l->order->progress && l->bytes - l->reported >= PROGRESS_STEP) {
		l->reported = l->bytes;
		return l->order->progress(l->order->user, l->bytes, 0);
	}
	return 0;
}

/* Reads a member's data to its end; it must be exactly as long as its header says. */
static int read_data(struct look *l, uint64_t size)
{
	uint64_t got = 0;
	const void *block;
	la_int64_t offset;
	size_t n;
	int r, e;

	while ((r = archive_read_data_block(l->a, &block, &n, &offset)) == ARCHIVE_OK) {
		if (n > 0 && (uint64_t)offset != got)
			return wl_refuse(l->finding, WL_RULE_ARCHIVE_SPARSE, "a file with holes");
		got += n;
		l->bytes += n;
		e = check_totals(l);
		if (e < 0)
			return e;
	}
	if (r != ARCHIVE_EOF)
		return explain(l);
	if (got != size)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_STRUCTURE,
		                 "a file has %llu bytes, its header says %llu",
		                 (unsigned long long)got, (unsigned long long)size);
	return 0;
}

static int look_at(struct look *l, struct archive_entry *entry)
{
	struct wl_unpack_member m = {.item = l->items};
	int e = take_path(l, entry, &m.path);

	if (e == 0)
		e = check_kind(l, entry, &m.folder);
	if (e == 0)
		e = wl_name_check(m.path, m.folder, l->finding);
	if (e == 0)
		e = check_agreement(l, entry);
	if (e == 0)
		e = wl_name_set_add(l->names, m.path, m.folder, l->finding);
	if (e < 0)
		return e;
	m.size = m.folder ? 0 : (uint64_t)archive_entry_size(entry);
	e = read_data(l, m.size);
	if (e < 0)
		return e;
	if (m.path.p[m.path.n - 1] == '/')
		m.path.n--;
	return l->order->member(l->order->user, &m);
}

static int look_at_all(struct look *l)
{
	uint64_t max = l->order->files_max < WL_ARCHIVE_ENTRIES_MAX ? l->order->files_max
	                                                            : WL_ARCHIVE_ENTRIES_MAX;
	struct archive_entry *entry;
	int r, e;

	while ((r = archive_read_next_header(l->a, &entry)) == ARCHIVE_OK) {
		if (++l->items > max)
			return wl_refuse(l->finding, WL_RULE_ARCHIVE_TOO_MANY,
			                 "more than %llu entries", (unsigned long long)max);
		l->item = l->items;
		e = look_at(l, entry);
		if (e < 0)
			return e;
	}
	if (r == ARCHIVE_EOF) {
		l->item = 0;
		return 0;
	}
	if (r == ARCHIVE_WARN)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_STRUCTURE, "a header is questionable");
	return explain(l);
}

/* After the last member: the rest of the file, which libarchive did not ask for. */
static int check_tar_end(struct look *l)
{
	const void *ignored;
	ssize_t got;

	while ((got = next_piece(l, &ignored)) > 0)
		;
	return got < 0 ? (int)got : wl_tar_walk_end(l->tar, l->finding);
}

static int zip_read(void *user, uint64_t offset, void *buf, size_t n)
{
	const struct wl_unpack *order = user;
	ssize_t got;

	if (n == 0)
		return 0;
	got = wl_pread_full(order->fd, buf, n, (off_t)offset);
	return got < 0 ? (int)got : (size_t)got == n ? 0 : -EIO;
}

/* Otherwise its first bytes are the first member's name, which may look like anything. */
static bool has_tar_magic(const uint8_t *p, size_t n)
{
	return n >= TAR_BLOCK && memcmp(p + 257, "ustar", 5) == 0;
}

/* tar: another kind of file in its place is named, before libarchive only says it knows it not. */
static int check_tar_start(struct look *l)
{
	struct wl_archive_stream *s = NULL;
	const void *p;
	const char *what = "";
	enum wl_rule rule = WL_RULE_NONE;
	bool gzip = l->order->format == WL_ARCHIVE_TAR_GZIP;
	ssize_t got = wl_archive_stream_open(l->order->fd, l->order->size, gzip, &s);

	if (got < 0)
		return (int)got;
	got = wl_archive_stream_next(s, &p);
	if (got > 0 && !has_tar_magic(p, (size_t)got))
		rule = wl_archive_recognise(p, (size_t)got, &what);
	if (got == -EBADMSG)
		*l->finding = *wl_archive_stream_finding(s);
	s = wl_archive_stream_free(s);
	if (got < 0)
		return (int)got;
	if (got == 0)
		return wl_refuse(l->finding, WL_RULE_ARCHIVE_TRUNCATED, "empty");
	if (rule)
		return wl_refuse(l->finding, gzip ? rule : WL_RULE_ARCHIVE_FORMAT,
		                 "said to be tar, but is %s", what);
	return 0;
}

static int open_format(struct look *l)
{
	struct wl_zip_source source = {zip_read, (void *)(uintptr_t)l->order, l->order->size};
	uint64_t max = l->order->files_max < WL_ARCHIVE_ENTRIES_MAX ? l->order->files_max
	                                                            : WL_ARCHIVE_ENTRIES_MAX;
	int e;

	if (l->order->format != WL_ARCHIVE_ZIP) {
		e = check_tar_start(l);
		l->tar = wl_tar_walk_new();
		if (e == 0 && !l->tar)
			e = -ENOMEM;
		if (e == 0 && archive_read_support_format_tar(l->a) != ARCHIVE_OK)
			e = -ENOMEM;
		return e;
	}
	e = wl_zip_check(&source, max, &l->zip, l->finding);
	if (e == 0 && archive_read_support_format_zip_seekable(l->a) != ARCHIVE_OK)
		e = -ENOMEM;
	return e;
}

static int open_archive(struct look *l)
{
	int e;

	l->names = wl_name_set_new();
	l->a = archive_read_new();
	if (!l->names || !l->a)
		return -ENOMEM;
	e = wl_archive_stream_open(l->order->fd, l->order->size,
	                           l->order->format == WL_ARCHIVE_TAR_GZIP, &l->stream);
	if (e == 0)
		e = open_format(l);
	if (e < 0)
		return e;
	archive_read_set_callback_data(l->a, l);
	archive_read_set_read_callback(l->a, on_read);
	if (l->zip)
		archive_read_set_seek_callback(l->a, on_seek);
	if (archive_read_open1(l->a) == ARCHIVE_OK)
		return 0;
	if (stream_refused(l))
		return explain(l);
	return wl_refuse(l->finding, WL_RULE_ARCHIVE_FORMAT, "not the format it is said to be");
}

int wl_unpack_look(const struct wl_unpack *order, uint64_t *ret_item, struct wl_finding *f)
{
	WL_CLEANUP(cleanup_look) struct look l = {.order = order, .finding = f};
	bool empty_zip;
	int e = open_archive(&l);

	/* an empty ZIP file is a bare end record, which libarchive knows not what to do with */
	empty_zip = e == -EBADMSG && l.zip && !wl_zip_entry(l.zip, 0);
	if (e == 0)
		e = look_at_all(&l);
	else if (empty_zip)
		return 0;
	if (e == 0 && l.zip && wl_zip_entry(l.zip, l.items))
		e = wl_refuse(f, WL_RULE_ARCHIVE_STRUCTURE,
		              "fewer entries than in the central directory");
	if (e == 0 && !l.zip)
		e = check_tar_end(&l);
	*ret_item = e == -EBADMSG ? l.item : 0;
	return e;
}

int wl_unpack_prepare(void)
{
	struct archive *a;

	/* the ZIP reader turns times into local ones; without TZ it would look at /etc/localtime
	 * again each time */
	if (setenv("TZ", "UTC0", 1) < 0)
		return -errno;
	tzset();
	/* names of pax headers are UTF-8; where the locale is missing only ASCII ones are let pass
	 */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	a = archive_read_new();
	if (!a)
		return -ENOMEM;
	(void)archive_read_support_format_tar(a);
	(void)archive_read_support_format_zip_seekable(a);
	archive_read_free(a);
	return 0;
}

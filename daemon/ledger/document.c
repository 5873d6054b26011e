/*
 * Sealing delivery notes and custody records.
 *
 * Runs in weighlock-ledgerd. The broker names an intent and nothing else. The three files are made
 * in .state/docs/N.new, made durable, renamed to .state/docs/N, then said in the ledger, then
 * handed out: power going before the rename leaves nothing, after it the same bytes are found again
 * (an ECDSA signature made twice would differ).
 */
#include "daemon/ledger/document.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/ledger/cms.h"
#include "daemon/ledger/custody_compose.h"
#include "daemon/ledger/folder.h"
#include "daemon/ledger/note_compose.h"

#define NONCE_PURPOSE "weighlock document.sealed"
#define RECEIPT_MAX   131072 /* an entry of the largest size, in base64, and its proof */
#define CHUNK_BYTES   16384U
#define SEAL_FLAGS    (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* On a scanner's medium names are short; in a bag they are as INTERFACES 7 has them. */
static const struct document {
	const char *kind;   /* in document.sealed */
	const char *suffix; /* of the folder in docs: an intent may be asked for either kind */
	const char *names[WL_NOTE_FILES];
	bool with_entry; /* whose reader does not have the ledger: the receipt brings the entry
	                    along */
	int (*write)(struct wl_ledger *l, const struct wl_entry *intent, int fd,
	             struct wl_finding *ret_finding);
} documents[] = {
        [WL_DOCUMENT_NOTE] = {"delivery-note",
                              "",
                              {"NOTE.JSN", "NOTE.P7S", "RECEIPT.TXT"},
                              false,
                              wl_note_write},
        [WL_DOCUMENT_CUSTODY] = {"custody-record",
                                 ".custody",
                                 {"custody.json", "custody.json.p7s", "receipt.txt"},
                                 true,
                                 wl_custody_write},
};

const char *wl_document_file_name(enum wl_document kind, unsigned which)
{
	return which < WL_NOTE_FILES ? documents[kind].names[which] : "";
}

void wl_note_files_close(struct wl_note_files *f)
{
	for (unsigned i = 0; i < WL_NOTE_FILES; i++)
		wl_cleanup_close(&f->file[i].fd);
}

static int new_file(int folder, const char *name, int *ret_fd)
{
	int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* The proof with the entry as its `extra` line (C2SP tlog-proof). */
static int insert_entry(struct wl_ledger *l, uint64_t seq, char *receipt, size_t n, size_t size)
{
	const char *end = memchr(receipt, '\n', n);
	static const char word[] = "extra ";
	const size_t word_n = sizeof(word) - 1;
	size_t head = end ? (size_t)(end - receipt) + 1 : 0, entry_n = 0;
	const uint8_t *entry;
	int r = head ? wl_store_entry(l->store, seq, &entry, &entry_n) : -EUCLEAN;

	if (r < 0)
		return r;
	WL_AUTO_FREE char *b64 = malloc(4 * ((entry_n + 2) / 3) + 1);
	if (!b64)
		return -ENOMEM;
	wl_base64_encode(entry, entry_n, b64);
	size_t b64_n = strlen(b64), line = word_n + b64_n + 1;
	if (line >= size - n)
		return -EMSGSIZE;
	memmove(receipt + head + line, receipt + head, n - head);
	memcpy(receipt + head, word, word_n);
	memcpy(receipt + head + word_n, b64, b64_n);
	receipt[head + line - 1] = '\n';
	return (int)(n + line);
}

static int write_receipt(struct wl_ledger *l, const struct document *d, uint64_t seq, int folder)
{
	static char receipt[RECEIPT_MAX];
	int n = wl_store_prove(l->store, seq, receipt, sizeof(receipt));

	if (n >= 0 && d->with_entry)
		n = insert_entry(l, seq, receipt, (size_t)n, sizeof(receipt));
	return n < 0 ? n
	             : wl_file_replace(folder, d->names[WL_NOTE_RECEIPT], receipt, (size_t)n, 0600);
}

/* The three files into an empty folder, durably. */
static int make_files(struct wl_ledger *l, const struct document *d, const struct wl_entry *intent,
                      int folder, struct wl_finding *f)
{
	WL_AUTO_CLOSE int note = -1;
	WL_AUTO_FREE uint8_t *cms = NULL;
	size_t n;
	int r = new_file(folder, d->names[WL_NOTE_JSON], &note);

	if (r == 0)
		r = d->write(l, intent, note, f);
	if (r == 0 && fsync(note) < 0)
		r = -errno;
	if (r == 0)
		r = wl_cms_sign(note, l->certificate, wl_keys_document(l->keys), &cms, &n);
	if (r == 0)
		r = wl_file_replace(folder, d->names[WL_NOTE_SIGNATURE], cms, n, 0600);
	if (r == 0)
		r = write_receipt(l, d, intent->seq, folder);
	if (r == 0 && fsync(folder) < 0)
		r = -errno;
	return r;
}

/* Makes docs/N unless it is there. */
static int make_document(struct wl_ledger *l, const struct document *d,
                         const struct wl_entry *intent, int docs, struct wl_finding *f)
{
	WL_AUTO_CLOSE int folder = -1;
	char name[40], fresh[48];
	int r;

	(void)snprintf(name, sizeof(name), "%" PRIu64 "%s", intent->seq, d->suffix);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	if (faccessat(docs, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = wl_folder_remove(docs, fresh); /* what an interrupted call left */
	if (r == 0)
		r = wl_folder_make(docs, fresh, 0700, &folder);
	if (r == 0)
		r = make_files(l, d, intent, folder, f);
	if (r < 0)
		return r;
	if (renameat(docs, fresh, docs, name) < 0 || fsync(docs) < 0)
		return -errno;
	return 0;
}

static int copy_sealed(int from, const char *name, int *ret_fd, uint64_t *ret_bytes)
{
	WL_AUTO_CLOSE int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char buf[CHUNK_BYTES];
	off_t at = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = wl_pread_full(from, buf, sizeof(buf), at)) > 0) {
		int r = wl_write_full(fd, buf, (size_t)n);
		if (r < 0)
			return r;
		at += n;
	}
	if (n < 0)
		return (int)n;
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, SEAL_FLAGS) < 0)
		return -errno;
	*ret_bytes = (uint64_t)at;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int hand_out(int docs, const struct document *d, uint64_t seq, struct wl_note_files *ret)
{
	char path[64];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < WL_NOTE_FILES; i++) {
		WL_AUTO_CLOSE int fd = -1;
		uint64_t bytes;
		(void)snprintf(path, sizeof(path), "%" PRIu64 "%s/%s", seq, d->suffix, d->names[i]);
		fd = openat(docs, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? -errno
		           : copy_sealed(fd, d->names[i], &ret->file[i].fd, &ret->file[i].bytes);
		if (r == 0)
			r = wl_sha256_of_fd(ret->file[i].fd, ret->file[i].sha256, &bytes);
	}
	return r;
}

/* One entry per document, however often it is asked for: the nonce follows from the intent. */
static int say_sealed(struct wl_ledger *l, const struct document *doc,
                      const struct wl_entry *intent, const char *id,
                      const uint8_t sha256[WL_SHA256_BYTES], struct wl_finding *f)
{
	WL_CLEANUP(wl_draft_clear)
	struct wl_draft d = {.event = WL_E_DOCUMENT_SEALED, .uid = geteuid()};
	char purpose[WL_ORIGIN_MAX + 96], hex[WL_SHA256_HEX + 1];
	uint8_t digest[WL_SHA256_BYTES];
	uint64_t seq;
	int64_t when;
	int r;

	(void)snprintf(purpose, sizeof(purpose), NONCE_PURPOSE "\n%s\n%s\n", l->id.key.name, id);
	r = wl_sha256_of(purpose, strlen(purpose), digest);
	if (r < 0)
		return r;
	memcpy(d.nonce, digest, sizeof(d.nonce));
	memcpy(d.actor, "station", sizeof("station"));
	memcpy(d.transfer, intent->draft.transfer, sizeof(d.transfer));
	r = wl_facts_nonce(l->facts, d.nonce, &seq, &when);
	if (r != 0)
		return r < 0 ? r : 0;
	wl_hex_encode(sha256, WL_SHA256_BYTES, hex);
	r = wl_draft_text(&d, WL_M_KIND, doc->kind);
	if (r == 0)
		r = wl_draft_text(&d, WL_M_SHA256, hex);
	if (r == 0)
		r = wl_draft_text(&d, WL_M_ENTRY, id);
	if (r == 0)
		r = wl_draft_check(&d, f);
	return r < 0 ? r : wl_ledger_append_own(l, &d, &seq, &when);
}

static int find_intent(struct wl_ledger *l, const char *id, struct wl_entry *ret)
{
	char own[WL_ID_TEXT];
	uint64_t seq;
	int r;

	if (wl_id_number(WL_ID_ENTRY, id, &seq) < 0)
		return -ENOENT;
	wl_id_entry(l->id.station, seq, own);
	if (strcmp(own, id) != 0 || seq >= wl_store_size(l->store))
		return -ENOENT;
	r = wl_ledger_entry(l, seq, ret);
	if (r < 0)
		return r;
	return ret->draft.event == WL_E_RELEASE_INTENT ? 0 : -ENOENT;
}

int wl_document_seal(struct wl_ledger *l, enum wl_document kind, const char *intent,
                     struct wl_note_files *ret, struct wl_finding *ret_finding)
{
	const struct document *d = &documents[kind];
	WL_CLEANUP(wl_note_files_close)
	struct wl_note_files files = {{{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	WL_AUTO_CLOSE int docs = -1;
	int r;

	if (l->failed)
		return wl_refuse(ret_finding, WL_RULE_STATION_LEDGER_FAILED,
		                 "the ledger could not be written");
	if (!l->keys || !wl_ledger_is_initialised(l))
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_KEYS, "no key to sign with");
	r = find_intent(l, intent, &e);
	if (r < 0)
		return r;
	r = wl_folder_make(l->state_fd, "docs", 0700, &docs);
	if (r == 0)
		r = make_document(l, d, &e, docs, ret_finding);
	if (r == 0)
		r = hand_out(docs, d, e.seq, &files);
	if (r == 0)
		r = say_sealed(l, d, &e, intent, files.file[WL_NOTE_JSON].sha256, ret_finding);
	if (r < 0) {
		l->failed = l->failed || r != -EINVAL;
		return r;
	}
	*ret = files;
	for (unsigned i = 0; i < WL_NOTE_FILES; i++)
		files.file[i].fd = -1;
	return 0;
}

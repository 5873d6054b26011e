/*
 * NTFS, read-only, by libntfs-3g: the whole tree, listed folder by folder.
 *
 * Runs in read-medium (worker-volume). The attacker controls the volume and so what the library is
 * told; it gets no path and no descriptor, only our device operations, and lives in the sandbox. A
 * file's further streams, links, and encrypted files are listed by name and refused. A volume whose
 * journal still holds changes is refused: Windows would apply them first and see other files.
 * Writes nothing: power does not matter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ntfs-3g/types.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/device.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/logfile.h>
#include <ntfs-3g/logging.h>
#include <ntfs-3g/volume.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/volume/driver.h"
#include "daemon/volume/folder_names.h"
#include "daemon/volume/ntfs_device.h"
#include "daemon/volume/ntfs_file.h"
#include "daemon/volume/unit_name.h"

#define ROOT              SIZE_MAX
#define SAY_BYTES         96U
#define GRAIN_BYTES_MAX   4096U
#define CLUSTER_BYTES_MAX (UINT32_C(2) << 20)
#define RECORDS_MAX       (UINT64_C(1) << 26)

/* What stays for compressed files; else it is let go of after the listing. */
struct ntfs_reader {
	struct wl_device *device;
	struct wl_ntfs_medium *medium;
	ntfs_volume *volume;
};

struct ntfs_lister {
	struct ntfs_reader *reader;
	struct wl_ntfs_place place;
	struct wl_listing *listing;
	uint64_t records;
	uint8_t *seen; /* a bit per file record */
	struct wl_finding *f;
};

struct folder {
	struct ntfs_lister *l;
	size_t index; /* in the listing, or ROOT */
	struct wl_folder_names *names;
	int error; /* of the call from inside the library */
};

static void reader_close(void *user)
{
	struct ntfs_reader *r = user;
	if (r->volume)
		(void)ntfs_umount(r->volume, FALSE);
	(void)wl_ntfs_medium_free(r->medium);
	free(r);
}

static int say_where(struct folder *at)
{
	char where[SAY_BYTES], detail[WL_DETAIL_MAX + 1];
	wl_listing_say(at->l->listing, at->index, where, sizeof(where));
	(void)snprintf(detail, sizeof(detail), "%s", at->l->f->detail);
	return wl_refuse(at->l->f, at->l->f->rule, "in %s: %s", where, detail);
}

/* The library failed: because the medium did, or because of what it read. */
static int library_failed(const struct ntfs_lister *l, const char *what)
{
	int r = wl_ntfs_medium_error(l->reader->medium, l->f);
	return r < 0 ? r
	             : wl_refuse(l->f, WL_RULE_VOLUME_FOLDER_BAD, "NTFS: %s cannot be read", what);
}

/* The first name of a record; false: it had one before. */
static bool see(struct ntfs_lister *l, uint64_t record)
{
	uint8_t bit = (uint8_t)(1U << (record % 8));
	if (l->seen[record / 8] & bit)
		return false;
	l->seen[record / 8] |= bit;
	return true;
}

static int take_inode(struct folder *at, ntfs_inode *ni, bool first, const char *name,
                      size_t name_bytes)
{
	struct ntfs_lister *l = at->l;
	bool is_folder = (ni->mrec->flags & MFT_RECORD_IS_DIRECTORY) &&
	                 !(ni->flags & FILE_ATTR_REPARSE_POINT);
	size_t index;
	if (is_folder && !first)
		return wl_refuse(l->f, WL_RULE_VOLUME_CHAIN_LOOP,
		                 "a folder lies in two places, or in itself");
	int r = wl_listing_add(l->listing, at->index, name, name_bytes, is_folder, &index, l->f);
	if (r < 0)
		return r;
	l->listing->entries[index].reader = MREF(ni->mft_no);
	if (!is_folder && !first)
		l->listing->entries[index].refused = WL_RULE_VOLUME_LINK; /* a hard one */
	else if (!is_folder)
		r = wl_ntfs_file_take(ni, &l->place, l->listing, index, l->f);
	if (r == 0 && first)
		r = wl_ntfs_file_add_streams(ni, l->listing, at->index, name, name_bytes, l->f);
	return r == -EIO ? library_failed(l, "a file") : r;
}

static int add_entry(struct folder *at, const uint16_t *units, size_t n, MFT_REF mref)
{
	struct ntfs_lister *l = at->l;
	char name[WL_NAME_UTF8_MAX];
	size_t name_bytes;
	int r = wl_unit_name_to_utf8(units, n, name, &name_bytes, l->f);
	if (r == 0)
		r = wl_folder_names_add(at->names, units, n, NULL, l->f);
	if (r < 0)
		return r;
	if (MREF(mref) >= l->records)
		return wl_refuse(l->f, WL_RULE_VOLUME_FOLDER_BAD, "a file without its record");
	bool first = see(l, MREF(mref));
	ntfs_inode *ni = ntfs_inode_open(l->reader->volume, mref);
	if (!ni)
		return library_failed(l, "a file's record");
	r = take_inode(at, ni, first, name, name_bytes);
	(void)ntfs_inode_close(ni);
	return r;
}

/* Called by the library per name; short names of DOS do not come here. */
static int take_name(void *user, const ntfschar *name, const int name_len, const int name_type,
                     const s64 pos, const MFT_REF mref, const unsigned dt_type)
{
	struct folder *at = user;
	uint16_t units[256];
	size_t n = name_len < 0 ? 0 : (size_t)name_len;
	bool dots = n <= 2;
	(void)pos;
	(void)dt_type;
	for (size_t i = 0; i < n && i < WL_ARRAY_LEN(units); i++) {
		units[i] = le16_to_cpu(name[i]);
		dots = dots && units[i] == '.';
	}
	if (dots || name_type == FILE_NAME_DOS ||
	    (at->index == ROOT && MREF(mref) < FILE_first_user))
		return 0; /* ".", "..", and the volume's own files */
	at->error = add_entry(at, units, n, mref);
	return at->error < 0 ? -1 : 0;
}

static int read_folder(struct folder *at, uint64_t record)
{
	WL_CLEANUP(wl_folder_names_cleanup) struct wl_folder_names *names = NULL;
	struct ntfs_lister *l = at->l;
	s64 position = 0;
	int r = wl_folder_names_new(&names);
	if (r < 0)
		return r;
	at->names = names;
	ntfs_inode *ni = ntfs_inode_open(l->reader->volume, record);
	if (!ni)
		return library_failed(l, "a folder");
	r = ntfs_readdir(ni, &position, at, take_name);
	(void)ntfs_inode_close(ni);
	if (at->error < 0)
		r = at->error;
	else if (r != 0)
		r = library_failed(l, "a folder");
	if (r == 0)
		r = wl_folder_names_check(names, l->f);
	return r == -EBADMSG ? say_where(at) : r;
}

/* Entries are added behind while the list is worked through: breadth first, without recursion. */
static int walk(struct ntfs_lister *l)
{
	struct folder at = {.l = l, .index = ROOT};
	(void)see(l, FILE_root);
	int r = read_folder(&at, FILE_root);
	for (size_t i = 0; i < l->listing->nentries && r == 0; i++) {
		const struct wl_listing_entry *e = &l->listing->entries[i];
		if (!e->folder)
			continue;
		at = (struct folder){.l = l, .index = i};
		r = read_folder(&at, e->reader);
	}
	return r == 0 ? wl_listing_check_crossed(l->listing, l->f) : r;
}

/* What Windows would do before it shows anything: nothing must be left for it. */
static int check_clean(const struct ntfs_lister *l)
{
	ntfs_volume *v = l->reader->volume;
	RESTART_PAGE_HEADER *restart = NULL;
	bool clean = false;
	ntfs_inode *ni = ntfs_inode_open(v, FILE_LogFile);
	ntfs_attr *na = ni ? ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0) : NULL;
	if (na && ntfs_check_logfile(na, &restart))
		clean = ntfs_is_logfile_clean(na, restart);
	int r = na ? 0 : library_failed(l, "the journal");
	free(restart);
	if (na)
		ntfs_attr_close(na);
	if (ni)
		(void)ntfs_inode_close(ni);
	if (r == 0)
		r = wl_ntfs_medium_error(l->reader->medium, l->f);
	if (r == 0 && (!clean || (v->flags & VOLUME_IS_DIRTY)))
		r = wl_refuse(l->f, WL_RULE_VOLUME_AMBIGUOUS,
		              "NTFS that was not ejected: Windows would first change it");
	return r;
}

static int make_room(struct ntfs_lister *l)
{
	const ntfs_volume *v = l->reader->volume;
	s64 bytes = v->mft_na ? v->mft_na->initialized_size : 0;
	l->records = bytes > 0 ? (uint64_t)bytes >> v->mft_record_size_bits : 0;
	if (l->records <= FILE_root || l->records > RECORDS_MAX)
		return wl_refuse(l->f, WL_RULE_VOLUME_BOOT_BAD, "NTFS: %llu file records",
		                 (unsigned long long)l->records);
	int r = wl_listing_charge(l->listing, l->records / 8 + 1, l->f);
	if (r < 0)
		return r;
	l->seen = calloc(1, (size_t)(l->records / 8 + 1));
	return l->seen ? 0 : -ENOMEM;
}

static int mount(struct ntfs_lister *l)
{
	struct ntfs_device *dev = wl_ntfs_medium_device(l->reader->medium);
	if (!dev)
		return -ENOMEM;
	ntfs_log_set_handler(ntfs_log_handler_null);
	l->reader->volume = ntfs_device_mount(dev, NTFS_MNT_RDONLY | NTFS_MNT_FORENSIC);
	if (!l->reader->volume) {
		(void)ntfs_device_free(dev);
		int r = wl_ntfs_medium_error(l->reader->medium, l->f);
		return r < 0 ? r
		             : wl_refuse(l->f, WL_RULE_VOLUME_BOOT_BAD,
		                         "NTFS: the volume's own files do not agree");
	}
	(void)ntfs_set_shown_files(l->reader->volume, TRUE, TRUE, FALSE);
	return 0;
}

/* The boot sector's shape: what we need before the library sees anything. */
static int parse_boot(const uint8_t s[512], uint64_t room, struct wl_ntfs_place *ret,
                      struct wl_finding *f)
{
	uint32_t sector = wl_load_u16le(s + 11), per = s[13];
	uint64_t bytes;
	if (sector < 512 || sector > 4096 || (sector & (sector - 1)) || per == 0)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD, "NTFS: sectors of %u bytes", sector);
	per = per > 0x80 ? (256 - per < 12 ? UINT32_C(1) << (256 - per) : 0) : per;
	uint64_t cluster = (uint64_t)sector * per;
	if (per == 0 || (per & (per - 1)) || cluster > CLUSTER_BYTES_MAX)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD, "NTFS: clusters of %u sectors", per);
	if (__builtin_mul_overflow(wl_load_u64le(s + 40), (uint64_t)sector, &bytes) ||
	    bytes > room || bytes < cluster)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD,
		                 "NTFS: %llu sectors, where there is room for %llu bytes",
		                 (unsigned long long)wl_load_u64le(s + 40),
		                 (unsigned long long)room);
	ret->cluster_bytes = (uint32_t)cluster;
	ret->bytes = bytes / cluster * cluster;
	return 0;
}

static void keep_label(const ntfs_volume *v, struct wl_volume_facts *facts)
{
	size_t n = v->vol_name ? strlen(v->vol_name) : 0;
	facts->label_bytes = n < WL_VOLUME_LABEL_MAX ? n : WL_VOLUME_LABEL_MAX;
	if (n > 0)
		memcpy(facts->label, v->vol_name, facts->label_bytes);
}

static bool needs_reader(const struct wl_listing *l)
{
	for (size_t i = 0; i < l->nextents; i++)
		if (l->extents[i].kind == WL_EXTENT_READER)
			return true;
	return false;
}

static int list_mounted(struct ntfs_lister *l, struct wl_volume_facts *facts)
{
	int r = mount(l);
	if (r == 0)
		r = check_clean(l);
	if (r == 0)
		r = make_room(l);
	if (r == 0)
		r = walk(l);
	free(l->seen);
	if (r == 0)
		keep_label(l->reader->volume, facts);
	return r;
}

static int list_volume(struct wl_device *d, const uint8_t sector[512], uint64_t start,
                       uint64_t room, struct wl_listing *listing, struct wl_volume_facts *ret_facts,
                       struct wl_finding *ret_finding)
{
	struct ntfs_lister l = {.listing = listing, .f = ret_finding, .place = {.start = start}};
	int r = parse_boot(sector, room, &l.place, ret_finding);
	if (r < 0)
		return r;
	uint32_t grain =
	        l.place.cluster_bytes < GRAIN_BYTES_MAX ? l.place.cluster_bytes : GRAIN_BYTES_MAX;
	if (l.place.bytes / grain > UINT32_MAX)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_UNKNOWN, "NTFS of more than 2 TiB");
	r = wl_device_track(d, start, start, grain, (uint32_t)(l.place.bytes / grain));
	l.reader = r == 0 ? calloc(1, sizeof(*l.reader)) : NULL;
	if (!l.reader)
		return r < 0 ? r : -ENOMEM;
	*ret_facts = (struct wl_volume_facts){.filesystem = "ntfs", .bytes = l.place.bytes};
	l.reader->device = d;
	r = wl_ntfs_medium_new(d, start, l.place.bytes, grain, listing, &l.reader->medium,
	                       ret_finding);
	if (r == 0)
		r = list_mounted(&l, ret_facts);
	if (r == 0 && needs_reader(listing))
		ret_facts->reader = l.reader;
	else
		reader_close(l.reader);
	return r;
}

/* Compressed files only. The entry's own file record is `reader`. */
static int deliver(void *user, const struct wl_listing_entry *e, int out_fd,
                   int (*progress)(void *user, uint64_t bytes), void *progress_user,
                   struct wl_finding *ret_finding)
{
	struct ntfs_reader *r = user;
	wl_ntfs_medium_stream(r->medium);
	ntfs_inode *ni = ntfs_inode_open(r->volume, e->reader);
	int error = ni ? wl_ntfs_file_send(ni, e->bytes, r->device, out_fd, progress, progress_user)
	               : -EIO;
	if (ni)
		(void)ntfs_inode_close(ni);
	if (error != -EIO)
		return error;
	error = wl_ntfs_medium_error(r->medium, ret_finding);
	return error < 0 ? error
	                 : wl_refuse(ret_finding, WL_RULE_VOLUME_FOLDER_BAD,
	                             "NTFS: a compressed file cannot be unpacked");
}

static int claims(struct wl_device *d, const uint8_t sector[512], uint64_t start, uint64_t sectors)
{
	(void)d;
	(void)start;
	(void)sectors;
	return memcmp(sector + 3, "NTFS    ", 8) == 0;
}

const struct wl_volume_driver wl_volume_ntfs = {.name = "NTFS",
                                                .claims = claims,
                                                .list = list_volume,
                                                .deliver = deliver,
                                                .close = reader_close};

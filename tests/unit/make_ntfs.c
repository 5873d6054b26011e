/*
 * Fills an NTFS volume (made by mkntfs) for the tests, by libntfs-3g itself: no mount, no root.
 *
 *   make_ntfs IMAGE < COMMANDS       a line each, fields separated by tabs:
 *     dir PATH | compressed PATH     a folder; files made in a compressed one are compressed
 *     file PATH SOURCE | append PATH SOURCE
 *     stream PATH NAME SOURCE        a named stream of data
 *     hole PATH BYTES                a file of that size without a byte written
 *     attributes PATH HEX            Windows' attributes, e.g. 4000 for encrypted
 *     symlink PATH TARGET | link PATH NEW
 *     dirty                          the volume's dirty flag
 *
 * Test material only. Ends with 1 and the line where something fails.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ntfs-3g/types.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>

#define FIELDS_MAX 4

static ntfs_volume *volume;

static ntfs_inode *open_path(const char *path)
{
	return ntfs_pathname_to_inode(volume, NULL, path);
}

/* The folder of a path and the last name of it, in units. */
static ntfs_inode *open_parent(const char *path, ntfschar **ret_name, int *ret_n)
{
	char folder[1024];
	const char *slash = strrchr(path, '/');
	(void)snprintf(folder, sizeof(folder), "/%.*s", slash ? (int)(slash - path) : 0, path);
	*ret_name = NULL;
	*ret_n = ntfs_mbstoucs(slash ? slash + 1 : path, ret_name);
	if (*ret_n < 0)
		return NULL;
	return slash ? open_path(folder) : ntfs_inode_open(volume, FILE_root);
}

static ntfs_inode *create(const char *path, mode_t mode)
{
	ntfschar *name;
	int n;
	ntfs_inode *dir = open_parent(path, &name, &n);
	ntfs_inode *ni = dir ? ntfs_create(dir, const_cpu_to_le32(0), name, (u8)n, mode) : NULL;
	free(name);
	if (dir)
		(void)ntfs_inode_close(dir);
	return ni;
}

/* The bytes of a file into a stream of data, behind what is there. */
static int write_data(ntfs_inode *ni, ntfschar *name, u32 n, const char *source)
{
	static char buf[65536];
	FILE *f = fopen(source, "rb");
	ntfs_attr *na = f ? ntfs_attr_open(ni, AT_DATA, name, n) : NULL;
	int r = na ? 0 : -1;
	s64 at = na ? na->data_size : 0;
	for (size_t got; r == 0 && (got = fread(buf, 1, sizeof(buf), f)) > 0; at += (s64)got)
		r = ntfs_attr_pwrite(na, at, (s64)got, buf) == (s64)got ? 0 : -1;
	if (r == 0 && NAttrCompressed(na))
		r = ntfs_attr_pclose(na);
	if (na)
		ntfs_attr_close(na);
	if (f)
		(void)fclose(f);
	return r;
}

static int close_after(ntfs_inode *ni, int r)
{
	return ni && ntfs_inode_close(ni) == 0 ? r : -1;
}

static int do_dir(char **a)
{
	return close_after(create(a[1], S_IFDIR), 0);
}

static int set_attributes(ntfs_inode *ni, u32 attributes)
{
	return ntfs_set_ntfs_attrib(ni, (const char *)&attributes, sizeof(attributes), 0);
}

static int do_compressed(char **a)
{
	ntfs_inode *ni = create(a[1], S_IFDIR);
	return close_after(ni, ni ? set_attributes(ni, 0x800) : -1);
}

static int do_file(char **a)
{
	ntfs_inode *ni = create(a[1], S_IFREG);
	return close_after(ni, ni ? write_data(ni, AT_UNNAMED, 0, a[2]) : -1);
}

static int do_append(char **a)
{
	ntfs_inode *ni = open_path(a[1]);
	return close_after(ni, ni ? write_data(ni, AT_UNNAMED, 0, a[2]) : -1);
}

static int do_stream(char **a)
{
	ntfschar *name = NULL;
	ntfs_inode *ni = open_path(a[1]);
	int n = ntfs_mbstoucs(a[2], &name), r = -1;
	if (ni && n > 0 && ntfs_attr_add(ni, AT_DATA, name, (u8)n, NULL, 0) == 0)
		r = write_data(ni, name, (u32)n, a[3]);
	free(name);
	return close_after(ni, r);
}

static int do_hole(char **a)
{
	ntfs_inode *ni = create(a[1], S_IFREG);
	ntfs_attr *na = ni ? ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0) : NULL;
	int r = na ? ntfs_attr_truncate(na, strtoll(a[2], NULL, 10)) : -1;
	if (na)
		ntfs_attr_close(na);
	return close_after(ni, r);
}

static int do_attributes(char **a)
{
	ntfs_inode *ni = open_path(a[1]);
	if (!ni)
		return -1;
	ni->flags |= cpu_to_le32((u32)strtoul(a[2], NULL, 16));
	NInoSetDirty(ni);
	NInoFileNameSetDirty(ni);
	return close_after(ni, 0);
}

static int do_symlink(char **a)
{
	ntfschar *name, *target = NULL;
	int n, m = ntfs_mbstoucs(a[2], &target);
	ntfs_inode *dir = open_parent(a[1], &name, &n);
	ntfs_inode *ni =
	        dir ? ntfs_create_symlink(dir, const_cpu_to_le32(0), name, (u8)n, target, m) : NULL;
	free(name);
	free(target);
	int r = close_after(ni, 0);
	return close_after(dir, r);
}

static int do_link(char **a)
{
	ntfschar *name;
	int n;
	ntfs_inode *ni = open_path(a[1]), *dir = open_parent(a[2], &name, &n);
	int r = ni && dir ? ntfs_link(ni, dir, name, (u8)n) : -1;
	free(name);
	r = close_after(ni, r);
	return close_after(dir, r);
}

static int do_dirty(char **a)
{
	(void)a;
	return ntfs_volume_write_flags(volume, volume->flags | VOLUME_IS_DIRTY);
}

static const struct {
	const char *name;
	int fields;
	int (*run)(char **a);
} commands[] = {
        {"dir", 2, do_dir},         {"compressed", 2, do_compressed},
        {"file", 3, do_file},       {"append", 3, do_append},
        {"stream", 4, do_stream},   {"hole", 3, do_hole},
        {"symlink", 3, do_symlink}, {"link", 3, do_link},
        {"dirty", 1, do_dirty},     {"attributes", 3, do_attributes},
};

static int run_line(char *line)
{
	char *a[FIELDS_MAX] = {NULL};
	int n = 0;
	line[strcspn(line, "\n")] = '\0';
	for (char *field; n < FIELDS_MAX && (field = strsep(&line, "\t"));)
		a[n++] = field;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (n == commands[i].fields && strcmp(a[0], commands[i].name) == 0)
			return commands[i].run(a);
	return -1;
}

int main(int argc, char **argv)
{
	static char line[4096], copy[4096];
	(void)ntfs_set_char_encoding("utf8");
	volume = argc == 2 ? ntfs_mount(argv[1], NTFS_MNT_NONE) : NULL;
	if (!volume)
		return 2;
	NVolSetCompression(volume);
	int r = 0;
	while (r == 0 && fgets(line, sizeof(line), stdin)) {
		memcpy(copy, line, sizeof(copy));
		r = run_line(line);
	}
	if (r != 0)
		fprintf(stderr, "%s: %s", strerror(errno), copy);
	return ntfs_umount(volume, FALSE) == 0 && r == 0 ? 0 : 1;
}

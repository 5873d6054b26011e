/* See volume_image.h. Runs in tests and in the fuzz target's replay only. */
#include "tests/unit/volume_image.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/volume/fat_dir.h"

void image_init(struct image *i)
{
	static const uint8_t jump[] = {0xEB, 0x3C, 0x90};
	*i = (struct image){.size = IMAGE_BYTES, .files_max = WL_TRANSFER_FILES_MAX};
	memcpy(i->p, jump, sizeof(jump));
	memcpy(i->p + 3, "TESTTEST", 8);
	wl_store_u16le(i->p + 11, 512);
	i->p[13] = 1;
	wl_store_u16le(i->p + 14, 1);
	i->p[16] = 2;
	wl_store_u16le(i->p + 17, 32);
	wl_store_u16le(i->p + 19, IMAGE_SECTORS);
	i->p[21] = 0xF8;
	wl_store_u16le(i->p + 22, 2);
	i->p[38] = 0x29;
	memcpy(i->p + 43, "NO NAME    FAT12   ", 19);
	i->p[510] = 0x55;
	i->p[511] = 0xAA;
	image_set_fat(i, 0, 0xFF8);
	image_set_fat(i, 1, 0xFFF);
}

uint8_t *image_cluster(struct image *i, unsigned cluster)
{
	return i->p + (size_t)(IMAGE_DATA_SECTOR + cluster - 2) * 512;
}

void image_set_fat_copy(struct image *i, unsigned copy, unsigned cluster, unsigned value)
{
	uint8_t *at = i->p + 512 + (size_t)copy * 1024 + cluster + cluster / 2;
	unsigned old = wl_load_u16le(at);
	wl_store_u16le(
	        at, (uint16_t)(cluster & 1 ? (old & 0x000F) | value << 4 : (old & 0xF000) | value));
}

void image_set_fat(struct image *i, unsigned cluster, unsigned value)
{
	image_set_fat_copy(i, 0, cluster, value);
	image_set_fat_copy(i, 1, cluster, value);
}

void image_chain(struct image *i, unsigned first, unsigned n)
{
	for (unsigned c = first; c < first + n; c++)
		image_set_fat(i, c, c + 1 < first + n ? c + 1 : 0xFFF);
}

void image_put(struct image *i, uint32_t at, const char *name, unsigned attributes,
               unsigned cluster, uint32_t bytes)
{
	uint8_t *r = i->p + at;
	memset(r, 0, 32);
	memcpy(r, name, 11);
	r[11] = (uint8_t)attributes;
	wl_store_u16le(r + 26, (uint16_t)cluster);
	wl_store_u32le(r + 28, bytes);
}

void image_put_long(struct image *i, uint32_t at, unsigned number, const char *short_name,
                    const char *part)
{
	uint8_t *r = i->p + at;
	size_t n = strlen(part);
	memset(r, 0, 32);
	r[0] = (uint8_t)number;
	r[11] = WL_FAT_ATTR_LONG;
	r[13] = wl_fat_short_checksum((const uint8_t *)short_name);
	for (size_t k = 0; k < 13; k++) {
		size_t to = k < 5 ? 1 + 2 * k : k < 11 ? 14 + 2 * (k - 5) : 28 + 2 * (k - 11);
		wl_store_u16le(r + to, k < n ? (uint8_t)part[k] : k == n ? 0 : 0xFFFF);
	}
}

static ssize_t read_counted(void *user, int fd, void *buf, size_t n, off_t offset)
{
	struct image *i = user;
	uint64_t at = (uint64_t)offset;
	(void)fd;
	if (at >= IMAGE_BYTES)
		return 0;
	n = n < IMAGE_BYTES - at ? n : (size_t)(IMAGE_BYTES - at);
	if (i->fail_at && (at + n - 1) / 512 >= i->fail_at)
		return -EIO;
	for (uint64_t s = at / 512; s <= (at + n - 1) / 512; s++)
		i->fetched[s]++;
	memcpy(buf, i->p + at, n);
	return (ssize_t)n;
}

static const struct wl_device_ops counting = {.read = read_counted};

int image_open(struct image *i, struct wl_device **ret_device, struct wl_volume **ret_volume,
               struct wl_finding *ret_finding)
{
	memset(i->fetched, 0, sizeof(i->fetched));
	int r = wl_device_new(-1, i->size, ret_device);
	if (r < 0)
		return r;
	wl_device_set_ops(*ret_device, &counting, i);
	return wl_volume_open(*ret_device, i->files_max, ret_volume, ret_finding);
}

int image_read(struct image *i, struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	WL_AUTO_CLOSE int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct wl_volume_info info;
	struct wl_volume_entry e;
	int r = image_open(i, &d, &v, ret_finding);
	if (r == 0)
		wl_volume_get_info(v, &info);
	for (size_t k = 0; r == 0 && k < info.entries; k++)
		if (wl_volume_get_entry(v, k, &e) == 0 && !e.folder)
			r = wl_volume_deliver(v, k, nowhere, NULL, NULL, ret_finding);
	for (size_t s = 0; s < IMAGE_SECTORS; s++)
		if (i->fetched[s] > 1)
			abort();
	return r;
}

/*
 * The strict structure of ZIP files, and then the whole look into whatever passes it, on any bytes:
 * a file that passes must be read by libarchive exactly as its directory says, or be refused.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/update/unpack.h"
#include "daemon/update/zip_structure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_memory(void *user, uint64_t offset, void *buf, size_t n)
{
	const struct wl_bytes *all = user;

	/* the reader may never ask for what is not there */
	assert(offset <= all->n && n <= all->n - offset);
	memcpy(buf, all->p + offset, n);
	return 0;
}

static int take_member(void *user, const struct wl_unpack_member *member)
{
	uint64_t *count = user;

	(*count)++;
	assert(member->path.n > 0 && member->item == *count);
	return 0;
}

static void look(const uint8_t *data, size_t size)
{
	WL_AUTO_CLOSE int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct wl_finding f = {0};
	uint64_t item = 0, count = 0;
	struct wl_unpack order = {.fd = fd,
	                          .size = size,
	                          .format = WL_ARCHIVE_ZIP,
	                          .files_max = 100,
	                          .bytes_max = 1U << 20,
	                          .member = take_member,
	                          .user = &count};

	if (fd < 0 || wl_write_full(fd, data, size) < 0)
		abort();
	if (wl_unpack_look(&order, &item, &f) == -EBADMSG)
		assert(f.rule != WL_RULE_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct wl_bytes all = {data, size};
	struct wl_zip_source source = {read_memory, &all, size};
	struct wl_zip *zip = NULL;
	struct wl_finding f = {0};
	int e;

	ready = ready || wl_unpack_prepare() == 0;
	e = wl_zip_check(&source, 100, &zip, &f);

	assert(e == 0 || e == -EBADMSG);
	if (e == 0) {
		for (size_t i = 0; wl_zip_entry(zip, i); i++)
			assert(wl_zip_entry(zip, i)->name.n > 0);
		look(data, size);
	}
	(void)wl_zip_free(zip);
	return 0;
}

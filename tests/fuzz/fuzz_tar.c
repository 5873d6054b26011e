/* The look into tar and tar-gzip on any bytes: ends, and says why where it refuses. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/update/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_member(void *user, const struct wl_unpack_member *member)
{
	(void)user;
	assert(member->path.n > 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	WL_AUTO_CLOSE int fd = memfd_create("fuzz", MFD_CLOEXEC);
	static const enum wl_archive_format formats[] = {WL_ARCHIVE_TAR, WL_ARCHIVE_TAR_GZIP};

	ready = ready || wl_unpack_prepare() == 0;
	if (fd < 0 || wl_write_full(fd, data, size) < 0)
		abort();
	for (size_t i = 0; i < WL_ARRAY_LEN(formats); i++) {
		struct wl_unpack order = {.fd = fd,
		                          .size = size,
		                          .format = formats[i],
		                          .files_max = 100,
		                          .bytes_max = 1U << 20,
		                          .member = take_member};
		struct wl_finding f = {0};
		uint64_t item = 0;

		if (wl_unpack_look(&order, &item, &f) == -EBADMSG)
			assert(f.rule != WL_RULE_NONE);
	}
	return 0;
}

/* The checker of outputs on any bytes: it accepts the canonical form or refuses by its one rule. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/image/check_png.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WL_AUTO_CLOSE int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct wl_png_facts facts;
	struct wl_finding f = {.rule = WL_RULE_NONE};

	if (fd < 0 || wl_write_full(fd, data, size) < 0)
		abort();
	int r = wl_png_check(fd, &facts, &f);
	assert(r == 0 || (r == -EBADMSG && f.rule == WL_RULE_IMAGE_NOT_CANONICAL));
	assert(r < 0 || facts.bytes == size);
	return 0;
}

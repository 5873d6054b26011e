/* Running one decoder over any bytes; see fuzz_picture.h. The bytes are whatever the fuzzer makes.
 */
#include "tests/fuzz/fuzz_picture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "daemon/base/cleanup.h"

#define SIDE_MAX  2048U
#define PAGES_MAX 3U

/* The magic was checked before a decoder is called. */
static void decode_page(wl_decoder *decode, const uint8_t *data, size_t size, uint32_t page,
                        uint32_t *ret_pages)
{
	WL_AUTO_CLOSE int fd = memfd_create("samples", MFD_CLOEXEC);
	struct wl_decode d = {
	        .source = {data, size}, .page = page, .side_max = SIDE_MAX, .samples_fd = fd};
	struct wl_finding f = {.rule = WL_RULE_NONE};

	if (fd < 0)
		abort();
	int r = decode(&d, &f);
	if (r == -EBADMSG)
		assert(strncmp(wl_rule_id(f.rule), "image.", 6) == 0);
	else
		assert(r == 0 || r == -ENOMEM);
	if (r == 0) {
		struct stat st;
		assert(fstat(fd, &st) == 0 && (size_t)st.st_size == d.samples.bytes);
		assert(d.samples.bytes == wl_shape_bytes(&d.samples.shape) && d.pages >= page);
		*ret_pages = d.pages;
	}
	wl_samples_clear(&d.samples);
}

void wl_fuzz_picture(wl_decoder *decode, const uint8_t *data, size_t size)
{
	uint32_t pages = 1;

	if (size < 8)
		return;
	for (uint32_t page = 1; page <= pages && page <= PAGES_MAX; page++)
		decode_page(decode, data, size, page, &pages);
}

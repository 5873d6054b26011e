/* BMP on any bytes, by the decoder as worker-image calls it; see fuzz_picture.h. */
#include "tests/fuzz/fuzz_picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	wl_fuzz_picture(wl_decode_bmp, data, size);
	return 0;
}

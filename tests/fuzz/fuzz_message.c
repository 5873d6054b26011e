/*
 * Fuzz target: the codec between our processes. The input is a packet; its first byte chooses who
 * sent it to whom, and whether a descriptor came along. What decodes must encode to the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wl_message m = {.fd = -1};
	static uint8_t again[WL_MESSAGE_BYTES_MAX];
	size_t again_size = 0;

	if (size < 1)
		return 0;
	enum wl_peer from = (enum wl_peer)(1U << (data[0] & 7) & WL_PEER_ANY);
	enum wl_peer to = (enum wl_peer)(1U << (data[0] >> 4 & 7) & WL_PEER_ANY);
	bool has_fd = data[0] & 8;
	if (wl_message_decode(&m, data + 1, size - 1, from, to, has_fd) < 0)
		return 0;
	m.fd = has_fd ? 0 : -1; /* as the channel would; never closed here */
	int r = wl_message_encode(&m, again, &again_size);
	m.fd = -1;
	if (r < 0 || again_size != size - 1 || memcmp(again, data + 1, again_size) != 0)
		abort();
	return 0;
}

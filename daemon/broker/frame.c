/*
 * Frames of the control interface, in and out (weighlockd).
 *
 * The caller of the socket controls every byte here: any local account of group weighlock-users. A
 * frame is cut at its NUL, its nesting is counted before the JSON reader sees it, and the reader
 * refuses duplicate members, so no two readers can understand a call differently. Nothing is kept
 * on disk: a lost power loses the connection and nothing else.
 */
#include "daemon/broker/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"

bool wl_json_nesting_is_within(const char *p, size_t n, unsigned max)
{
	unsigned depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > max)
				return false;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return true;
}

int wl_frames_take(struct wl_frames *f, json_t **ret)
{
	const uint8_t *end = memchr(f->data, 0, f->used);
	if (!end)
		return f->used == sizeof(f->data) ? -EMSGSIZE : 0;
	size_t n = (size_t)(end - f->data);
	json_t *object = NULL;
	if (wl_json_nesting_is_within((const char *)f->data, n, WL_CONTROL_NESTING_MAX)) {
		json_error_t error;
		object = json_loadb((const char *)f->data, n, JSON_REJECT_DUPLICATES, &error);
	}
	f->used -= n + 1;
	memmove(f->data, f->data + n + 1, f->used);
	if (!json_is_object(object)) {
		json_decref(object);
		return -EBADMSG;
	}
	*ret = object;
	return 1;
}

int wl_frame_render(const json_t *object, char **ret, size_t *ret_size)
{
	WL_AUTO_FREE char *text = json_dumps(object, JSON_COMPACT);
	if (!text)
		return -ENOMEM;
	size_t size = strlen(text) + 1;
	if (size > WL_CONTROL_FRAME_BYTES_MAX)
		return -EMSGSIZE;
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

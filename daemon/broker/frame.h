/* Frames of the control interface: one JSON object and a NUL byte each (docs/control-objects.md).
 */
#ifndef WL_BROKER_FRAME_H
#define WL_BROKER_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/limits.h"

/* Bytes received and not yet taken; room for exactly one frame of the greatest size. */
struct wl_frames {
	uint8_t data[WL_CONTROL_FRAME_BYTES_MAX];
	size_t used;
};

/*
 * Takes the first whole frame out of *f: 1 and a reference the caller owns; 0 where no frame is
 * whole yet; -EMSGSIZE where the buffer is full and holds no NUL; -EBADMSG for what is not one JSON
 * object (also a duplicate member, nesting over WL_CONTROL_NESTING_MAX, invalid UTF-8).
 */
int wl_frames_take(struct wl_frames *f, json_t **ret);

/* Whether arrays and objects in p are nested no deeper than `max`; strings are skipped. */
bool wl_json_nesting_is_within(const char *p, size_t n, unsigned max);

/* The frame of an object, with its NUL: free(*ret). -EMSGSIZE over the greatest size. */
int wl_frame_render(const json_t *object, char **ret, size_t *ret_size);

#endif

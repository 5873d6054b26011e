/*
 * Short names for a fresh volume.
 *
 * Runs in build-volume (worker-tool). Names come from a manifest that was decided upon, but a
 * vendor chose them: they were checked (name.c) before they come here. Pure: power does not matter.
 *
 * Source: fatgen103, "Rules Governing the Generation of Numeric Tails"; the order in which numbers
 * are tried is ours (1, 2, 3, … per stem), which the specification leaves open.
 */
#include "daemon/volume/short_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"

#define BASE_BYTES 8U
#define TAIL_MAX   999999U

static bool is_allowed(uint16_t u)
{
	return (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') ||
	       (u != 0 && u < 0x80 && strchr("$%'-_@~`!(){}^#&", (int)u));
}

static bool is_small(uint16_t u)
{
	return u >= 'a' && u <= 'z';
}

/* Copies units[from, to) in capitals; false where one is not allowed or there are too many. */
static bool copy_capitals(const uint16_t *units, size_t from, size_t to, uint8_t *out, size_t room,
                          bool *small)
{
	if (to - from > room)
		return false;
	for (size_t i = from; i < to; i++) {
		uint16_t u = is_small(units[i]) ? (uint16_t)(units[i] - 32) : units[i];
		if (!is_allowed(u))
			return false;
		*small = *small || is_small(units[i]);
		*out++ = (uint8_t)u;
	}
	return true;
}

static size_t last_dot(const uint16_t *units, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (units[i] == '.')
			return i;
	return n;
}

enum wl_short_fit wl_short_name_fit(const uint16_t *units, size_t n,
                                    uint8_t ret[WL_SHORT_NAME_BYTES])
{
	uint8_t name[WL_SHORT_NAME_BYTES];
	bool small = false;
	size_t dot = last_dot(units, n);
	memset(name, ' ', sizeof(name));
	if (dot == 0 || dot + 1 == n || n == 0 ||
	    !copy_capitals(units, 0, dot, name, BASE_BYTES, &small))
		return WL_SHORT_LOSSY;
	if (dot < n && !copy_capitals(units, dot + 1, n, name + BASE_BYTES, 3, &small))
		return WL_SHORT_LOSSY;
	memcpy(ret, name, sizeof(name));
	return small ? WL_SHORT_CASE : WL_SHORT_EXACT;
}

/* Open addressing; twice as many places as there can be names and stems. */
struct short_place {
	bool used, is_stem;
	uint8_t name[WL_SHORT_NAME_BYTES];
	uint32_t next; /* of a stem: the number to try next */
};

struct wl_short_names {
	size_t room;
	struct short_place places[];
};

int wl_short_names_new(size_t names, struct wl_short_names **ret)
{
	size_t room = names * 4 + 16;
	struct wl_short_names *s = calloc(1, sizeof(*s) + room * sizeof(s->places[0]));
	if (!s)
		return -ENOMEM;
	s->room = room;
	*ret = s;
	return 0;
}

struct wl_short_names *wl_short_names_free(struct wl_short_names *s)
{
	free(s);
	return NULL;
}

void wl_short_names_cleanup(struct wl_short_names **s)
{
	*s = wl_short_names_free(*s);
}

static struct short_place *find(struct wl_short_names *s, const uint8_t *name, bool is_stem)
{
	uint64_t hash = is_stem ? 0xcbf29ce484222325U : 0x84222325cbf29ce4U;
	for (size_t i = 0; i < WL_SHORT_NAME_BYTES; i++)
		hash = (hash ^ name[i]) * 0x100000001b3U;
	for (size_t i = (size_t)(hash % s->room);; i = (i + 1) % s->room) {
		struct short_place *p = &s->places[i];
		if (!p->used ||
		    (p->is_stem == is_stem && memcmp(p->name, name, WL_SHORT_NAME_BYTES) == 0))
			return p;
	}
}

bool wl_short_names_take(struct wl_short_names *s, const uint8_t name[WL_SHORT_NAME_BYTES])
{
	struct short_place *p = find(s, name, false);
	if (p->used)
		return false;
	p->used = true;
	memcpy(p->name, name, WL_SHORT_NAME_BYTES);
	return true;
}

/* Up to `room` characters of units[from, to) that DOS can show; what it cannot becomes '_', spaces
 * and dots vanish. */
static size_t copy_lossy(const uint16_t *units, size_t from, size_t to, uint8_t *out, size_t room)
{
	size_t n = 0;
	for (size_t i = from; i < to && n < room; i++) {
		uint16_t u = is_small(units[i]) ? (uint16_t)(units[i] - 32) : units[i];
		if (u == ' ' || u == '.')
			continue;
		out[n++] = is_allowed(u) ? (uint8_t)u : '_';
	}
	return n;
}

/* The stem without its tail, as the key under which numbers are counted: 6 and 3 characters. */
static void make_stem(const uint16_t *units, size_t n, uint8_t stem[WL_SHORT_NAME_BYTES])
{
	size_t start = 0;
	while (start < n && (units[start] == '.' || units[start] == ' '))
		start++;
	size_t dot = start + last_dot(units + start, n - start);
	memset(stem, ' ', WL_SHORT_NAME_BYTES);
	if (copy_lossy(units, start, dot, stem, BASE_BYTES - 2) == 0)
		stem[0] = '_';
	if (dot < n)
		(void)copy_lossy(units, dot + 1, n, stem + BASE_BYTES, 3);
}

/* "STEM  " and 12 to "STEM~12 ": the stem gives way where the tail is long. */
static void put_tail(uint8_t name[WL_SHORT_NAME_BYTES], uint32_t number)
{
	char tail[BASE_BYTES + 4];
	int length = snprintf(tail, sizeof(tail), "~%u", number);
	size_t tail_bytes = (size_t)length, at = 0;
	while (at < BASE_BYTES - tail_bytes && name[at] != ' ')
		at++;
	memset(name + at, ' ', BASE_BYTES - at);
	memcpy(name + at, tail, tail_bytes);
}

void wl_short_names_make(struct wl_short_names *s, const uint16_t *units, size_t n,
                         uint8_t ret[WL_SHORT_NAME_BYTES])
{
	uint8_t stem[WL_SHORT_NAME_BYTES];
	make_stem(units, n, stem);
	struct short_place *counter = find(s, stem, true);
	counter->used = counter->is_stem = true;
	memcpy(counter->name, stem, sizeof(stem));
	do {
		counter->next = counter->next < TAIL_MAX ? counter->next + 1 : 1;
		memcpy(ret, stem, sizeof(stem));
		put_tail(ret, counter->next);
	} while (!wl_short_names_take(s, ret));
}

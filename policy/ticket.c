/*
 * A ticket in memory: made by hand for `ticket new`, written, given back.
 *
 * The parts come from the authority's officer or from files she names: names of files are raw bytes
 * and are escaped as in every record. What is written is read back by the strict reader, so that no
 * ticket leaves here that a station would not understand. Runs in the offline client; the file is
 * the caller's.
 */
#include "policy/ticket.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

struct wl_ticket *wl_ticket_new(void)
{
	return calloc(1, sizeof(struct wl_ticket));
}

struct wl_ticket *wl_ticket_free(struct wl_ticket *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->ndevices; i++) {
		for (size_t j = 0; j < t->devices[i].nserials; j++)
			free(t->devices[i].serials[j]);
		free(t->devices[i].serials);
		free(t->devices[i].model);
	}
	for (size_t i = 0; i < t->nfiles; i++) {
		free(t->files[i].path);
		free(t->files[i].raw);
		free(t->files[i].signature);
	}
	for (size_t i = 0; i < t->nstations; i++)
		free(t->stations[i]);
	free(t->devices);
	free(t->files);
	free(t->stations);
	free(t->spki_sha256);
	free(t->version);
	free(t->note);
	free(t);
	return NULL;
}

void wl_ticket_cleanup(struct wl_ticket **t)
{
	*t = wl_ticket_free(*t);
}

/* Room for one more element. */
static int extend(void **v, size_t n, size_t size)
{
	void *more = realloc(*v, (n + 1) * size);
	if (!more)
		return -ENOMEM;
	memset((char *)more + n * size, 0, size);
	*v = more;
	return 0;
}

int wl_ticket_add_device(struct wl_ticket *t, const char *model, const char *const *serials,
                         size_t n)
{
	int r = extend((void **)&t->devices, t->ndevices, sizeof(*t->devices));
	if (r < 0)
		return r;
	struct wl_ticket_device *d = &t->devices[t->ndevices++];
	d->model = strdup(model);
	d->serials = calloc(n ? n : 1, sizeof(*d->serials));
	if (!d->model || !d->serials)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		d->serials[i] = strdup(serials[i]);
		if (!d->serials[i])
			return -ENOMEM;
		d->nserials++;
	}
	return 0;
}

int wl_ticket_add_file(struct wl_ticket *t, const void *raw_path, size_t n, uint64_t size,
                       const uint8_t sha256[WL_SHA256_BYTES], const char *escaped_signature,
                       enum wl_ticket_unpack unpack, bool deliver)
{
	if (n == 0 || n > WL_VOLUME_PATH_BYTES_MAX || *(const char *)raw_path == '/')
		return -EINVAL;
	int r = extend((void **)&t->files, t->nfiles, sizeof(*t->files));
	if (r < 0)
		return r;
	struct wl_ticket_file *f = &t->files[t->nfiles++];
	f->path = malloc(3 * n + 1);
	f->raw = malloc(n);
	f->signature = escaped_signature ? strdup(escaped_signature) : NULL;
	if (!f->path || !f->raw || (escaped_signature && !f->signature))
		return -ENOMEM;
	memcpy(f->raw, raw_path, n);
	f->raw_n = n;
	f->size = size;
	memcpy(f->sha256, sha256, WL_SHA256_BYTES);
	f->unpack = unpack;
	f->deliver = deliver;
	return wl_path_escape(raw_path, n, f->path, 3 * n + 1);
}

int wl_ticket_add_key(struct wl_ticket *t, const uint8_t spki_sha256[WL_SHA256_BYTES])
{
	int r = extend((void **)&t->spki_sha256, t->nspki, sizeof(*t->spki_sha256));
	if (r < 0)
		return r;
	memcpy(t->spki_sha256[t->nspki++], spki_sha256, WL_SHA256_BYTES);
	return 0;
}

int wl_ticket_add_station(struct wl_ticket *t, const char *station)
{
	if (!wl_id_is(WL_ID_STATION, station))
		return -EINVAL;
	int r = extend((void **)&t->stations, t->nstations, sizeof(*t->stations));
	if (r < 0)
		return r;
	t->stations[t->nstations] = strdup(station);
	if (!t->stations[t->nstations])
		return -ENOMEM;
	t->nstations++;
	return 0;
}

static int set_text(char **to, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

int wl_ticket_set_version(struct wl_ticket *t, const char *version)
{
	return set_text(&t->version, version);
}

int wl_ticket_set_note(struct wl_ticket *t, const char *note)
{
	return set_text(&t->note, note);
}

/* ---- writing ---- */

static json_t *hex_of(const uint8_t digest[WL_SHA256_BYTES])
{
	char hex[WL_SHA256_HEX + 1];
	wl_hex_encode(digest, WL_SHA256_BYTES, hex);
	return json_string(hex);
}

static void set(json_t *object, const char *name, json_t *v)
{
	/* a NULL value (no memory) is refused by jansson and found missing when read back */
	(void)json_object_set_new(object, name, v);
}

static void set_time(json_t *object, const char *name, int64_t seconds)
{
	char text[WL_TIME_TEXT];
	wl_time_format(seconds, text);
	set(object, name, json_string(text));
}

static json_t *texts_of(char *const *v, size_t n)
{
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, json_string(v[i]));
	return array;
}

static json_t *devices_of(const struct wl_ticket *t)
{
	json_t *array = json_array();
	for (size_t i = 0; i < t->ndevices; i++) {
		json_t *d = json_object();
		set(d, "model", json_string(t->devices[i].model));
		set(d, "serials", texts_of(t->devices[i].serials, t->devices[i].nserials));
		(void)json_array_append_new(array, d);
	}
	return array;
}

static json_t *signature_of(const struct wl_ticket *t)
{
	json_t *object = json_object();
	set(object, "format", json_string(wl_signature_format_name(t->vendor_signature)));
	if (t->nspki == 0)
		return object;
	json_t *keys = json_array();
	for (size_t i = 0; i < t->nspki; i++)
		(void)json_array_append_new(keys, hex_of(t->spki_sha256[i]));
	set(object, "spki_sha256", keys);
	return object;
}

static json_t *files_of(const struct wl_ticket *t)
{
	json_t *array = json_array();
	for (size_t i = 0; i < t->nfiles; i++) {
		const struct wl_ticket_file *f = &t->files[i];
		json_t *o = json_object();
		set(o, "path", json_string(f->path));
		set(o, "size", json_integer((json_int_t)f->size));
		set(o, "sha256", hex_of(f->sha256));
		if (f->signature)
			set(o, "signature", json_string(f->signature));
		set(o, "unpack", json_string(f->unpack == WL_UNPACK_INSPECT ? "inspect" : "none"));
		set(o, "deliver", json_boolean(f->deliver));
		(void)json_array_append_new(array, o);
	}
	return array;
}

static json_t *ticket_of(const struct wl_ticket *t)
{
	json_t *o = json_object();
	set(o, "type", json_string(WL_TICKET_TYPE));
	set(o, "id", json_string(t->id));
	set(o, "authority", json_string(t->authority));
	set_time(o, "issued_at", t->issued_at);
	set_time(o, "not_before", t->not_before);
	set_time(o, "not_after", t->not_after);
	set(o, "vendor", json_string(t->vendor));
	set(o, "component", json_string(t->component));
	set(o, "version", json_string(t->version ? t->version : ""));
	set(o, "release", json_integer((json_int_t)t->release));
	set(o, "release_from", json_integer((json_int_t)t->release_from));
	set(o, "devices", devices_of(t));
	set(o, "uses_per_device", json_integer((json_int_t)t->uses_per_device));
	set(o, "stations", texts_of(t->stations, t->nstations));
	set(o, "vendor_signature", signature_of(t));
	set(o, "files", files_of(t));
	set(o, "note", json_string(t->note ? t->note : ""));
	return o;
}

/* The object's text, a line feed at its end; the object is spent. */
static int text_of(json_t *o, char **ret, size_t *ret_n)
{
	char *text = json_dumps(o, JSON_INDENT(2));
	json_decref(o);
	if (!text)
		return -ENOMEM;
	size_t n = strlen(text);
	char *whole = realloc(text, n + 2);
	if (!whole) {
		free(text);
		return -ENOMEM;
	}
	whole[n++] = '\n';
	whole[n] = '\0';
	*ret = whole;
	*ret_n = n;
	return 0;
}

int wl_withdrawal_write(const struct wl_withdrawal *w, char **ret, size_t *ret_n,
                        struct wl_finding *ret_finding)
{
	WL_AUTO_FREE char *whole = NULL;
	size_t n = 0;
	struct wl_withdrawal again;
	json_t *o = json_object();
	set(o, "type", json_string(WL_WITHDRAWAL_TYPE));
	set(o, "ticket", json_string(w->ticket));
	set(o, "authority", json_string(w->authority));
	set_time(o, "issued_at", w->issued_at);
	set(o, "reason", json_string(w->reason));
	int r = text_of(o, &whole, &n);
	if (r == 0)
		r = wl_withdrawal_read(whole, n, &again, ret_finding);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(whole);
	*ret_n = n;
	return 0;
}

int wl_ticket_write(const struct wl_ticket *t, char **ret, size_t *ret_n,
                    struct wl_finding *ret_finding)
{
	WL_AUTO_FREE char *whole = NULL;
	size_t n = 0;
	int written = text_of(ticket_of(t), &whole, &n);
	if (written < 0)
		return written;
	WL_CLEANUP(wl_ticket_cleanup) struct wl_ticket *again = NULL;
	int r = wl_ticket_read(whole, n, &again, ret_finding);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(whole);
	*ret_n = n;
	return 0;
}

/* ---- asking ---- */

const char *wl_ticket_state(const struct wl_ticket *t, int64_t now)
{
	if (now < t->not_before)
		return "not-yet";
	return now > t->not_after ? "expired" : "valid";
}

bool wl_ticket_names_device(const struct wl_ticket *t, const struct wl_policy_device *d)
{
	for (size_t i = 0; i < t->ndevices; i++) {
		if (strcmp(t->devices[i].model, d->model) != 0)
			continue;
		for (size_t j = 0; j < t->devices[i].nserials; j++)
			if (strcmp(t->devices[i].serials[j], d->serial) == 0)
				return true;
	}
	return false;
}

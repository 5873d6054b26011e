/*
 * Small files from a medium, through a gate into sealed memory; see job_intake.h (weighlockd, work
 * thread).
 *
 * The medium is hostile: a parser in its sandbox lists it, a tool counts and digests what comes,
 * and no byte of it is read here. When power goes nothing has been kept.
 */
#include "daemon/broker/job_intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/broker/media_client.h"
#include "daemon/broker/reader.h"

void wl_intake_clear(struct wl_intake *in)
{
	for (size_t i = 0; i < in->nfiles; i++)
		wl_cleanup_close(&in->file[i].fd);
	wl_items_clear(&in->items);
	free(in->taken);
	in->taken = NULL;
}

bool wl_item_ends(const struct wl_item *item, const char *end)
{
	size_t n = strlen(end);

	return item->path_n >= n &&
	       strncasecmp((const char *)item->path + item->path_n - n, end, n) == 0;
}

bool wl_item_is(const struct wl_item *item, const char *name)
{
	size_t n = strlen(name);

	return wl_item_ends(item, name) &&
	       (item->path_n == n || item->path[item->path_n - n - 1] == '/');
}

static bool wanted(void *user, const struct wl_item *item)
{
	const struct wl_intake *in = user;
	return in->taken[item - in->items.v];
}

/* Marks up to `room` items: those wanted rather, or the others. Returns what room is left. */
static size_t take(struct wl_intake *in, const struct wl_items *items, bool rather, size_t room)
{
	for (size_t i = 0; i < items->n && room > 0; i++) {
		const struct wl_item *item = &items->v[i];
		bool first = in->rather && in->rather(item);
		if (item->folder || first != rather || !in->wanted(item))
			continue;
		in->taken[i] = true;
		room--;
	}
	return room;
}

static int on_listed(void *user, struct wl_items *items, struct wl_finding *f)
{
	struct wl_intake *in = user;
	size_t n = 0;
	for (size_t i = 0; i < items->n; i++)
		n += !items->v[i].folder && in->wanted(&items->v[i]);
	if (n > WL_INTAKE_FILES_MAX && !in->rather)
		return wl_refuse(f, WL_RULE_VOLUME_TOO_MANY_FILES, "%zu such files, at most %u", n,
		                 WL_INTAKE_FILES_MAX);
	free(in->taken);
	in->taken = calloc(items->n + 1, sizeof(*in->taken));
	if (!in->taken)
		return -ENOMEM;
	(void)take(in, items, false, take(in, items, true, WL_INTAKE_FILES_MAX));
	return in->listed ? in->listed(in->user, items, f) : 0;
}

int wl_intake_sink(struct wl_intake *in, const struct wl_item *item, int *ret_fd)
{
	int fd = memfd_create(in->purpose, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0 || in->nfiles == WL_INTAKE_FILES_MAX) {
		(void)close(fd);
		wl_cleanup_close(&copy);
		return -EMFILE;
	}
	in->file[in->nfiles++] = (struct wl_intake_file){item->number, fd};
	*ret_fd = copy;
	return 0;
}

static int sink(void *user, const struct wl_item *item, int *ret_fd)
{
	return wl_intake_sink(user, item, ret_fd);
}

/* From here on nobody changes them, whoever holds a descriptor: what is verified is what is kept.
 */
int wl_intake_seal(const struct wl_intake *in)
{
	for (size_t i = 0; i < in->nfiles; i++)
		if (fcntl(in->file[i].fd, F_ADD_SEALS,
		          F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0 ||
		    wl_memfd_check_sealed(in->file[i].fd) < 0)
			return -EIO;
	return 0;
}

int wl_intake_fetch(struct wl_intake *in, struct wl_finding *f)
{
	struct wl_gate gate = {0};
	struct wl_finding shut = {0};
	uint32_t at = 0;
	int r = wl_gate_open_read(in->bench->media, in->purpose, in->source->port,
	                          in->source->diskseq, &gate, f);
	if (r < 0)
		return r;
	r = wl_bench_gate_opened(in->bench, in->task, in->gate, in->source, in->purpose, f);
	struct wl_reader_order order = {.bench = in->bench,
	                                .task = in->task,
	                                .step = "copying",
	                                .gate = gate.gate,
	                                .medium_bytes = gate.bytes,
	                                .files_max = WL_TRANSFER_FILES_MAX,
	                                .bytes_max = UINT64_MAX >> 1,
	                                .listed = on_listed,
	                                .wanted = wanted,
	                                .sink = sink,
	                                .user = in};
	if (r == 0)
		r = wl_reader_run(&order, &in->items, &at, f);
	if (r == 0)
		r = wl_intake_seal(in);
	if (wl_gate_shut(in->bench->media, &gate, &shut) < 0 && r == 0) {
		*f = shut;
		r = -EBADMSG;
	}
	int s = wl_bench_gate_shut(in->bench, in->task, in->gate, in->source, in->purpose, 0,
	                           r == 0 ? "complete" : wl_rule_id(f->rule), "", &shut);
	if (s < 0 && r == 0)
		*f = shut;
	return r < 0 ? r : s;
}

int wl_intake_fd(const struct wl_intake *in, const struct wl_item *item)
{
	for (size_t i = 0; i < in->nfiles; i++)
		if (in->file[i].number == item->number)
			return in->file[i].fd;
	return -1;
}

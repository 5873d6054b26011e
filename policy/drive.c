/*
 * Carries out the steps of the inspection.
 *
 * The machine (inspect.c) says what is to be done; here descriptors are borrowed from the caller,
 * one worker is employed per step, and what it said goes back into the machine. A step about the
 * vendor never shares a worker with one about the authority. Runs in the broker's work thread and
 * in the offline client; after a power cut the inspection is begun again from the vault's copy.
 */
#include "policy/drive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "policy/drive_work.h"

#define FILES_MAX (WL_STEP_TRUST_MAX + 2)

struct driving {
	struct wl_spawn *spawn;
	struct wl_inspect *inspect;
	const struct wl_drive_ops *ops;
	struct wl_step step;
	struct wl_message *m;
	struct wl_drive_file files[FILES_MAX]; /* closed after the step */
	size_t nfiles;
};

/* ---- where the workers' words go ---- */

static int sink_signer(void *user, const struct wl_signature_claim *claim)
{
	return wl_inspect_take_signer(((struct driving *)user)->inspect, claim);
}

static int sink_line(void *user, const void *path, size_t n, const uint8_t sha256[WL_SHA256_BYTES])
{
	int r = wl_inspect_take_line(((struct driving *)user)->inspect, path, n, sha256);
	return r == -EINVAL ? -E2BIG : r; /* nobody asked for lines */
}

static int sink_key(void *user, const uint8_t spki_sha256[WL_SHA256_BYTES])
{
	return wl_inspect_take_key(((struct driving *)user)->inspect, spki_sha256);
}

static int sink_finding(void *user, const struct wl_finding *finding)
{
	return wl_inspect_take_finding(((struct driving *)user)->inspect, finding);
}

static void sink_progress(void *user, uint64_t done, uint64_t total)
{
	struct driving *d = user;
	if (d->ops->progress)
		d->ops->progress(d->ops->user, d->step.kind,
		                 d->step.content ? d->step.content->path : NULL, done, total);
}

/* ---- descriptors ---- */

static void close_files(struct driving *d)
{
	for (size_t i = 0; i < d->nfiles; i++)
		wl_cleanup_close(&d->files[i].fd);
	d->nfiles = 0;
}

static struct wl_drive_file *add_file(struct driving *d, enum wl_role role)
{
	struct wl_drive_file *f = &d->files[d->nfiles++];
	*f = (struct wl_drive_file){.fd = -1, .role = role};
	return f;
}

static int add_item(struct driving *d, enum wl_role role, const struct wl_item *item)
{
	struct wl_drive_file *f = add_file(d, role);
	return d->ops->open_item(d->ops->user, d->step.place, item, &f->fd);
}

static int add_trust(struct driving *d, enum wl_role role, const struct wl_policy_trust *t)
{
	struct wl_drive_file *f = add_file(d, role);
	memcpy(f->sha256, t->sha256, WL_SHA256_BYTES);
	f->has_sha256 = true;
	return d->ops->open_trust(d->ops->user, t->certificate ? t->certificate : t->issuer,
	                          &f->fd);
}

/* ---- steps ---- */

static const struct wl_drive_sink sink_template = {
        .signer = sink_signer, .line = sink_line, .key = sink_key, .finding = sink_finding};

static int run_worker(struct driving *d, struct wl_drive_order *o,
                      int (*work)(struct wl_drive_run *, const struct wl_drive_order *))
{
	struct wl_drive_sink sink = sink_template;
	sink.user = d;
	struct wl_drive_run run = {.spawn = d->spawn,
	                           .m = d->m,
	                           .sink = &sink,
	                           .progress = sink_progress,
	                           .progress_user = d};
	o->files = d->files;
	o->nfiles = d->nfiles;
	o->pins = (const uint8_t(*)[WL_SHA256_BYTES])d->step.pin;
	o->npins = d->step.npins;
	return work(&run, o);
}

static int do_signature(struct driving *d)
{
	const struct wl_step *s = &d->step;
	struct wl_drive_order o = {
	        .purpose = s->role == WL_TRUST_AUTHORITY ? "authority" : "vendor", .time = s->time};
	int r = add_item(d, WL_ROLE_SIGNATURE, s->signature);
	for (size_t i = 0; i < s->ntrust && r >= 0; i++)
		r = add_trust(d, s->trust[i]->issuer ? WL_ROLE_ANCHOR : WL_ROLE_CERTIFICATE,
		              s->trust[i]);
	if (r >= 0 && s->lines)
		r = add_item(d, WL_ROLE_CONTENT, s->content);
	return r < 0 ? r : run_worker(d, &o, wl_drive_signature);
}

static int do_check_signature(struct driving *d)
{
	const struct wl_step *s = &d->step;
	struct wl_drive_order o = {.claim = s->claim,
	                           .content_sha256 =
	                                   s->content->has_sha256 ? s->content->sha256 : NULL};
	int r = 0;
	for (size_t i = 0; i < s->ntrust && r >= 0; i++)
		r = add_trust(d, WL_ROLE_PIN, s->trust[i]);
	if (r >= 0)
		r = add_item(d, WL_ROLE_CONTENT, s->content);
	return r < 0 ? r : run_worker(d, &o, wl_drive_check);
}

static int do_read_ticket(struct driving *d)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = add_item(d, WL_ROLE_CONTENT, d->step.content);
	if (r < 0)
		return r;
	/* one byte more than a ticket may have: the reader then says so */
	r = wl_fd_read_all(d->files[0].fd, WL_TICKET_BYTES_MAX + 1, &p, &n);
	if (r == -EFBIG) {
		n = WL_TICKET_BYTES_MAX + 1;
		p = calloc(1, n);
		r = p ? 0 : -ENOMEM;
	}
	return r < 0 ? r : wl_inspect_take_ticket(d->inspect, p, n);
}

static int do_ledger(struct driving *d)
{
	const struct wl_step *s = &d->step;
	struct wl_ledger_facts facts = {.state = WL_LEDGER_OFFLINE};
	if (d->ops->ask_ledger) {
		facts.state = WL_LEDGER_KNOWN;
		int r = d->ops->ask_ledger(d->ops->user, s->device, s->component, s->ticket,
		                           &facts);
		if (r < 0)
			return r;
	}
	return wl_inspect_take_ledger(d->inspect, &facts);
}

static int do_check_lines(struct driving *d)
{
	struct wl_drive_order o = {0};
	struct wl_drive_file *f = add_file(d, WL_ROLE_EXPECTED);
	int r = wl_memfd_sealed("expected", d->step.expected, d->step.expected_n, &f->fd);
	if (r >= 0)
		r = add_item(d, WL_ROLE_CONTENT, d->step.content);
	return r < 0 ? r : run_worker(d, &o, wl_drive_check);
}

static int do_unpack(struct driving *d)
{
	struct wl_drive_order o = {.format = wl_archive_format_name(d->step.format),
	                           .files_max = d->step.files_max,
	                           .bytes_max = d->step.bytes_max};
	int r = add_item(d, WL_ROLE_ARCHIVE, d->step.content);
	return r < 0 ? r : run_worker(d, &o, wl_drive_unpack);
}

int wl_drive_inspect(struct wl_spawn *spawn, struct wl_inspect *i, const struct wl_drive_ops *ops)
{
	static int (*const steps[])(struct driving *) = {
	        [WL_STEP_SIGNATURE] = do_signature,
	        [WL_STEP_CHECK_SIGNATURE] = do_check_signature,
	        [WL_STEP_READ_TICKET] = do_read_ticket,
	        [WL_STEP_LEDGER] = do_ledger,
	        [WL_STEP_CHECK_LINES] = do_check_lines,
	        [WL_STEP_UNPACK] = do_unpack,
	};
	WL_AUTO_FREE struct wl_message *m = malloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	wl_message_init(m);
	struct driving d = {.spawn = spawn, .inspect = i, .ops = ops, .m = m};
	for (;;) {
		int r = wl_inspect_next(i, &d.step);
		if (r < 0 || d.step.kind == WL_STEP_DONE)
			return r;
		sink_progress(&d, 0, 0);
		r = steps[d.step.kind](&d);
		close_files(&d);
		if (r < 0)
			return r;
	}
}

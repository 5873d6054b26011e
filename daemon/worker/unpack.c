/*
 * The work "unpack" (parser): looks into one archive and says what is in it.
 *
 * The archive is the attacker's. Runs in worker-archive, one process per archive, which can write
 * nowhere and reads only the descriptor it was handed. What it says is a claim that can refuse and
 * never pass. Power: no state.
 */
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/update/unpack.h"
#include "daemon/worker/kinds.h"

struct unpack_work {
	struct wl_worker *wk;
	struct wl_unpack order;
	int archive;
};

static void cleanup_work(struct unpack_work *w)
{
	wl_cleanup_close(&w->archive);
}

static int send_member(void *user, const struct wl_unpack_member *member)
{
	struct unpack_work *w = user;
	struct wl_message *m = w->wk->out;

	wl_message_start(m, WL_MSG_ARCHIVE_MEMBER, 0);
	wl_message_put_text(m, WL_T_KIND, member->folder ? "folder" : "file");
	wl_message_put_u64(m, WL_T_ITEM, member->item);
	wl_message_put_u64(m, WL_T_SIZE, member->size);
	wl_message_put_bytes(m, WL_T_PATH, member->path.p, member->path.n);
	return wl_worker_send(w->wk);
}

static int send_progress(void *user, uint64_t done, uint64_t total)
{
	struct unpack_work *w = user;

	return wl_worker_progress(w->wk, done, total);
}

/* unpack.begin, then work.next with the archive, then work.end. */
static int collect(struct unpack_work *w)
{
	struct wl_message *m = w->wk->in;
	int e = wl_worker_receive(w->wk);

	if (e < 0)
		return e;
	w->order.format = wl_archive_format_find(wl_message_text(m, WL_T_FORMAT));
	w->order.files_max = wl_message_u64(m, WL_T_FILES_MAX);
	w->order.bytes_max = wl_message_u64(m, WL_T_BYTES_MAX);
	if (m->id != WL_MSG_UNPACK_BEGIN || !w->order.format)
		return -EPROTO;
	e = wl_worker_receive(w->wk);
	if (e < 0)
		return e;
	if (m->id != WL_MSG_WORK_NEXT || wl_message_u64(m, WL_T_ROLE) != WL_ROLE_ARCHIVE)
		return -EPROTO;
	w->archive = w->order.fd = TAKE_FD(m->fd);
	w->order.size = wl_message_u64(m, WL_T_SIZE);
	e = wl_worker_receive(w->wk);
	if (e == 0 && m->id != WL_MSG_WORK_END)
		e = -EPROTO;
	return e;
}

int wl_unpack_run(struct wl_worker *wk)
{
	WL_CLEANUP(cleanup_work)
	struct unpack_work w = {.wk = wk,
	                        .archive = -1,
	                        .order = {.member = send_member, .progress = send_progress}};
	struct wl_finding f;
	uint64_t item = 0;
	int e;

	w.order.user = &w;
	e = collect(&w);
	if (e < 0)
		return e;
	e = wl_unpack_look(&w.order, &item, &f);
	return e == -EBADMSG ? wl_worker_finding(wk, item, &f) : e;
}

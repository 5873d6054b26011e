/*
 * Streams of progress (weighlockd): Watch, and the callers of Release, Retry and Prepare.
 *
 * A client that does not read its stream is dropped by the server once too much is unsent; the work
 * never waits for anybody who watches it. Nothing is stored.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"
#include "daemon/broker/rule_args.h"

static enum wl_rule rule_of(const struct wl_tracked *x, const struct wl_progress *p)
{
	if (p->rule != WL_RULE_NONE || !x)
		return p->rule;
	return x->t->state == WL_OPENED && x->hint != WL_RULE_NONE ? x->hint : x->t->rule;
}

static void add_rule(json_t *o, const struct wl_tracked *x, const struct wl_progress *p,
                     const char *language)
{
	enum wl_rule rule = rule_of(x, p);
	bool hint = x && rule == x->hint && x->t->state == WL_OPENED;
	json_t *args = wl_rule_args(x ? x->t : NULL, NULL,
	                            hint ? x->hint_detail
	                            : x  ? x->t->detail
	                                 : NULL,
	                            p->port[0] ? p->port
	                            : x        ? x->t->port
	                                       : NULL);
	wl_object_text(o, "rule", wl_rule_id(rule));
	wl_rule_explain(o, rule, args, language);
	json_decref(args);
}

json_t *wl_watch_object(struct wl_broker *b, const struct wl_call *c, struct wl_tracked *x,
                        const struct wl_progress *p)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "transfer", x ? x->t->id : "", "state",
	                      x ? wl_state_name(x->t->state) : "", "step", p->step, "done",
	                      (json_int_t)p->done, "total", (json_int_t)p->total);
	wl_object_text(o, "port", p->port);
	wl_object_text(o, "medium", p->medium);
	add_rule(o, x, p, c->language);
	if (x)
		wl_next_of_transfer(b, x, c->language, o);
	return o;
}

/* The step a transfer is at when nobody works on it. */
static const char *resting_step(const struct wl_broker *b, const struct wl_tracked *x)
{
	switch ((unsigned)x->t->state) {
	case WL_OPENED:
		if (wl_jobs_works_on(b->jobs, x->t->id)) /* its gate is about to be opened */
			return "listing";
		return wl_jobs_has(b->jobs, x->t->id) ? "queued" : "source-wanted";
	case WL_READING:
		return "copying";
	case WL_INSPECTING:
		return "inspecting";
	case WL_RELEASING:
		return "writing";
	case WL_RELEASED:
	case WL_CLOSED:
		return "released";
	case WL_FAILED:
		return "stopped";
	default:
		return "decided";
	}
}

static void tell(struct wl_broker *b, uint64_t call_id, struct wl_tracked *x,
                 const struct wl_progress *p)
{
	struct wl_call *c = wl_server_call(b->server, call_id);
	if (c)
		wl_call_continue(c, json_pack("{s:o}", "progress", wl_watch_object(b, c, x, p)));
}

/* The one transfer a stream was asked for has ended: so does the stream. */
static void end_stream(struct wl_broker *b, size_t at, struct wl_tracked *x,
                       const struct wl_progress *p)
{
	struct wl_call *c = wl_server_call(b->server, b->watchers[at].call_id);
	b->watchers[at] = b->watchers[--b->nwatchers];
	if (c)
		wl_call_reply(c, json_pack("{s:o}", "progress", wl_watch_object(b, c, x, p)));
}

void wl_watch_progress(struct wl_broker *b, const struct wl_progress *p)
{
	struct wl_tracked *x = p->transfer[0] ? wl_transfers_find(b, p->transfer) : NULL;
	b->last_progress = *p;
	for (size_t i = b->nwatchers; i > 0; i--) {
		const struct wl_watcher *w = &b->watchers[i - 1];
		if (w->transfer[0] && strcmp(w->transfer, p->transfer) != 0)
			continue;
		if (!p->transfer[0])
			continue; /* preparing a medium is told to who asked for it */
		if (w->transfer[0] && x && wl_state_is_end(x->t->state))
			end_stream(b, i - 1, x, p);
		else
			tell(b, w->call_id, x, p);
	}
	if (p->call_id)
		tell(b, p->call_id, x, p);
}

void wl_watch_changed(struct wl_broker *b, const char *transfer, const char *step)
{
	struct wl_progress p = {.step = step};
	(void)snprintf(p.transfer, sizeof(p.transfer), "%s", transfer);
	wl_watch_progress(b, &p);
}

void wl_watch_gone(void *user, uint64_t call_id)
{
	struct wl_broker *b = user;
	for (size_t i = 0; i < b->nwatchers; i++)
		if (b->watchers[i].call_id == call_id) {
			b->watchers[i] = b->watchers[--b->nwatchers];
			return;
		}
}

static struct wl_progress now_of(const struct wl_broker *b, const struct wl_tracked *x)
{
	struct wl_progress p = {.step = resting_step(b, x)};
	if (!strcmp(b->last_progress.transfer, x->t->id) && wl_jobs_has(b->jobs, x->t->id) &&
	    x->t->state >= WL_READING && x->t->state <= WL_RELEASING)
		p = b->last_progress;
	p.call_id = 0;
	return p;
}

void wl_do_watch(struct wl_broker *b, struct wl_call *c)
{
	struct wl_tracked *only = NULL;
	if (wl_call_text(c, "transfer") && !(only = wl_transfers_of_call(b, c)))
		return;
	bool ended = only && wl_state_is_end(only->t->state);
	if (only && (!c->more || ended)) {
		struct wl_progress p = now_of(b, only);
		return wl_call_reply(
		        c, json_pack("{s:o}", "progress", wl_watch_object(b, c, only, &p)));
	}
	if (!c->more)
		return wl_call_bad_argument(c, "transfer", "needed without more");
	if (b->nwatchers == WL_WATCHERS_MAX)
		return wl_call_too_much(c, "watchers", WL_WATCHERS_MAX);
	c->deferred = true;
	struct wl_watcher *w = &b->watchers[b->nwatchers++];
	*w = (struct wl_watcher){.call_id = c->id};
	if (only)
		(void)snprintf(w->transfer, sizeof(w->transfer), "%s", only->t->id);
	for (size_t i = 0; i < b->ntransfers; i++) {
		struct wl_tracked *x = &b->transfers[i];
		if ((only && x != only) || wl_state_is_end(x->t->state))
			continue;
		struct wl_progress p = now_of(b, x);
		tell(b, c->id, x, &p);
	}
}

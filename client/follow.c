/*
 * Streams of Progress frames as words. Ctrl-C ends the watching, never the work: the station goes
 * on, and a cut of power is the station's to sort out. Runs in the client.
 */
#include "client/follow.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "client/progress.h"
#include "client/say.h"
#include "client/store_view.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"

/* With --no-wait a medium that is there may still be about to be read: this long without news. */
#define SETTLE_MS 3000

static volatile sig_atomic_t stopped;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void catch_interrupt(void)
{
	struct sigaction action = {.sa_handler = on_interrupt}; /* no SA_RESTART: poll returns */
	(void)sigaction(SIGINT, &action, NULL);
}

bool wl_follow_stopped(void)
{
	return stopped;
}

void wl_follow_forget_stop(void)
{
	stopped = 0;
}

struct step {
	const char *name;
	const char *words;
	enum { IS_SAID, IN_BYTES, IN_FILES } counts; /* not said: shown as progress */
};

static const struct step steps[] = {
        {"queued", N_("Another job is at work; this one waits its turn."), IS_SAID},
        {"source-wanted", N_("Waiting for the stick."), IS_SAID},
        {"listing", N_("Listing what is on it"), IN_BYTES},
        {"copying", N_("Reading"), IN_BYTES},
        {"preserved", N_("PRESERVED in the vault: the scanner may now overwrite these pictures."),
         IS_SAID},
        {"source-free", N_("All read. The stick may be taken out."), IS_SAID},
        {"inspecting", N_("Checking what was read"), IN_BYTES},
        {"making", N_("Rebuilding and sealing, files:"), IN_FILES},
        {"decided", N_("Decided."), IS_SAID},
        {"checking", N_("Checking the medium"), IN_BYTES},
        {"writing", N_("Writing"), IN_BYTES},
        {"reading-back", N_("Reading back and comparing"), IN_BYTES},
        {"finishing", N_("Entering it into the ledger"), IN_BYTES},
        {"released", N_("RELEASED. The medium may be taken out."), IS_SAID},
        {"prepared", N_("PREPARED. The medium may be taken out."), IS_SAID},
        {"stopped", N_("STOPPED."), IS_SAID},
        {"changed", N_("Something about it changed."), IS_SAID},
};

static const struct step *find_step(const char *name)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(steps); i++) {
		if (!strcmp(steps[i].name, name))
			return &steps[i];
	}
	return NULL;
}

struct watcher {
	struct wl_cli *cli;
	struct wl_progress progress;
	char last[300]; /* what was said last, so that a repeated frame is not repeated */
	bool name_transfer;
};

static void say_step(struct watcher *w, const json_t *p, const struct step *step)
{
	const char *state = wl_member_text(p, "state"), *rule = wl_member_text(p, "rule");
	const char *port = wl_member_text(p, "port");
	char text[sizeof(w->last)];

	(void)snprintf(text, sizeof(text), "%s%s%s%s%s%s%s",
	               w->name_transfer ? wl_member_text(p, "transfer") : "",
	               w->name_transfer ? "  " : "",
	               strcmp(step->name, "decided") ? _(step->words) : wl_view_state(state),
	               port[0] ? "  [" : "", port, port[0] ? "]" : "", rule[0] ? "  " : "");
	char key[sizeof(w->last) + 64];
	(void)snprintf(key, sizeof(key), "%s%s", text, rule);
	if (!strncmp(key, w->last, sizeof(w->last) - 1))
		return;
	(void)snprintf(w->last, sizeof(w->last), "%.299s", key);
	wl_progress_end(&w->progress);
	wl_say(w->cli, "%s", text);
	if (rule[0] && strncmp(rule, "pass.", 5) != 0) {
		wl_say_in(w->cli, 2, _("%s (rule %s; weighlock help %s)"),
		          wl_member_text(p, "reason"), rule, rule);
		wl_store_view(w->cli, rule);
	}
}

static void show_frame(struct watcher *w, const json_t *p)
{
	const struct step *step = find_step(wl_member_text(p, "step"));
	char words[240];

	wl_cli_json(w->cli, p);
	if (!step)
		return;
	if (step->counts == IS_SAID) {
		say_step(w, p, step);
		return;
	}
	(void)snprintf(words, sizeof(words), "%s%s%s",
	               w->name_transfer ? wl_member_text(p, "transfer") : "",
	               w->name_transfer ? "  " : "", _(step->words));
	w->progress.counts_files = step->counts == IN_FILES;
	wl_progress_show(&w->progress, words, (uint64_t)wl_member_integer(p, "done"),
	                 (uint64_t)wl_member_integer(p, "total"));
}

static void remember(struct wl_follow_result *r, const json_t *p)
{
	(void)snprintf(r->state, sizeof(r->state), "%s", wl_member_text(p, "state"));
	(void)snprintf(r->rule, sizeof(r->rule), "%s", wl_member_text(p, "rule"));
}

static bool is_one_of(const char *state, const char *const *list)
{
	for (; *list; list++) {
		if (!strcmp(*list, state))
			return true;
	}
	return false;
}

/* Is a medium in the port (any source port where none is bound)? */
static bool medium_is_there(struct wl_cli *cli, const char *port)
{
	struct wl_reply reply = {0};
	bool there = false;

	if (wl_station_ask(cli, "ListMedia", NULL, &reply) != 0)
		return false;
	const json_t *media = json_object_get(reply.parameters, "media");
	for (size_t i = 0; i < json_array_size(media); i++) {
		const json_t *m = json_array_get(media, i);
		bool fits = port[0] ? !strcmp(wl_member_text(m, "port"), port)
		                    : !strcmp(wl_member_text(m, "use"), "source");
		if (fits && wl_member_text(m, "insertion")[0])
			there = true;
	}
	wl_reply_clear(&reply);
	return there;
}

enum verdict { GO_ON, GO_ON_BRIEFLY, STOP };

static enum verdict judge(struct wl_cli *cli, const json_t *p, enum wl_follow_until until)
{
	static const char *const ended[] = {"refused", "rejected", "cancelled",    "closed",
	                                    "failed",  "released", "acknowledged", NULL};
	static const char *const for_people[] = {"waiting", "approved", NULL};
	const char *state = wl_member_text(p, "state");

	if (is_one_of(state, ended))
		return STOP;
	if (until != WL_FOLLOW_END && !strcmp(state, "approved"))
		return STOP;
	if (until == WL_FOLLOW_DECIDED && !strcmp(state, "waiting"))
		return STOP;
	if (!cli->no_wait)
		return GO_ON;
	if (is_one_of(state, for_people))
		return STOP;
	if (!strcmp(wl_member_text(p, "step"), "stopped"))
		return STOP;
	if (strcmp(state, "opened") != 0)
		return GO_ON;
	if (wl_member_text(p, "rule")[0] || !medium_is_there(cli, wl_member_text(p, "port")))
		return STOP;
	return GO_ON_BRIEFLY;
}

/* One stream: every frame is shown and remembered, then `go_on` says whether to wait for more. */
struct stream {
	struct watcher w;
	struct wl_follow_result result;
	enum wl_follow_until until;
	int timeout_ms; /* for the next frame; its passing ends the stream without a fault */
	bool (*go_on)(struct stream *s, const json_t *progress);
};

/* One frame. true: more is to come; else *ret_status says how it ended. */
static bool take_frame(struct stream *s, const struct wl_reply *reply, int *ret_status)
{
	if (reply->error[0]) {
		wl_progress_end(&s->w.progress);
		wl_store_view(s->w.cli, wl_member_text(reply->parameters, "rule"));
		*ret_status = wl_failure_say(s->w.cli, reply);
		return false;
	}
	const json_t *p = json_object_get(reply->parameters, "progress");
	show_frame(&s->w, p);
	remember(&s->result, p);
	return reply->continues && (!s->go_on || s->go_on(s, p));
}

static int run_stream(struct stream *s, const char *method, json_t *parameters)
{
	struct wl_control *c = NULL;
	unsigned tries = 0;
	int status = wl_station_stream(s->w.cli, method, json_incref(parameters), &c);
	bool more = status == 0;

	catch_interrupt();
	while (more && !stopped) {
		struct wl_reply reply = {0};
		int r = wl_control_receive(c, s->timeout_ms, &reply);
		if (r == 0 && wl_station_patience(&reply, &tries)) {
			wl_reply_clear(&reply);
			r = wl_control_send(c, method, parameters, true);
			if (r == 0)
				continue;
		}
		if (r == 0) {
			more = take_frame(s, &reply, &status);
			wl_reply_clear(&reply);
		} else if (r != -EINTR) {
			more = false;
			if (r != -ETIMEDOUT)
				status = wl_station_lost(s->w.cli, r);
		}
	}
	/* also where Ctrl-C came between two streams */
	s->result.interrupted = stopped && more;
	wl_progress_end(&s->w.progress);
	wl_control_free(c);
	json_decref(parameters);
	return status;
}

static bool transfer_goes_on(struct stream *s, const json_t *p)
{
	enum verdict verdict = judge(s->w.cli, p, s->until);
	s->timeout_ms = verdict == GO_ON_BRIEFLY ? SETTLE_MS : -1;
	return verdict != STOP;
}

int wl_follow_transfer(struct wl_cli *cli, const char *transfer, enum wl_follow_until until,
                       struct wl_follow_result *ret)
{
	struct stream s = {
	        .w.cli = cli, .until = until, .timeout_ms = -1, .go_on = transfer_goes_on};
	int status = run_stream(&s, "Watch", json_pack("{s:s}", "transfer", transfer));
	*ret = s.result;
	return status;
}

int wl_follow_station(struct wl_cli *cli)
{
	/* with --no-wait: what is open now, and no more */
	struct stream s = {.w = {.cli = cli, .name_transfer = true},
	                   .timeout_ms = cli->no_wait ? 300 : -1};
	return run_stream(&s, "Watch", NULL);
}

int wl_follow_call(struct wl_cli *cli, const char *method, json_t *parameters,
                   struct wl_follow_result *ret)
{
	struct stream s = {.w.cli = cli, .timeout_ms = -1};
	int status = run_stream(&s, method, parameters);
	*ret = s.result;
	return status;
}

/*
 * The gate: one medium open at a time, handed to spawnd, shut when everybody has provably let go.
 *
 * Runs in weighlock-mediad. The broker (which may be compromised) chooses when, which port and
 * which DISKSEQ; it can open nothing for writing without a grant, and nothing at all while another
 * medium of ours is held by anybody (DESIGN 3.5). spawnd gets the descriptor with the grant's
 * words. When the broker goes away with a gate open, mediad shuts it as soon as spawnd has let go.
 * After a start of mediad the O_EXCL claims in the kernel still say what is held, and are asked
 * before each opening.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "udev/media.h"

#define HANDING_MS       5000 /* spawnd has to answer in */
#define OWNERLESS_TRY_MS 500

static const char *const read_purposes[] = {"read",   "check", "readback", "tickets",
                                            "policy", "audit", "receipt"};

int64_t wl_media_now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- answers ---- */

static void answer_error(struct wl_media *m, const struct wl_finding *finding, int error)
{
	struct wl_media_peer *asker = m->gate.asker;

	m->gate.asker = NULL;
	if (asker)
		wl_media_send_error(m, asker, m->gate.serial, finding, error);
}

static void refuse(struct wl_media *m, struct wl_media_peer *asker, int error,
                   const struct wl_finding *finding)
{
	wl_media_send_error(m, asker, m->in.serial, finding, error);
}

static void answer(struct wl_media *m, enum wl_message_id id)
{
	struct wl_media_peer *asker = m->gate.asker;

	m->gate.asker = NULL;
	if (!asker)
		return;
	wl_message_start(&m->out, id, m->gate.serial);
	if (id != WL_MSG_GATE_SHUT_REPLY) {
		wl_message_put_u64(&m->out, WL_T_GATE, m->gate.number);
		wl_message_put_u64(&m->out, WL_T_BYTES, m->gate.pass.disk.bytes);
	}
	wl_media_send(m, asker);
}

/* ---- opening ---- */

/* Says why a medium that was asked for is not there. */
static void say_missing(const struct wl_media *m, const char *port, bool write,
                        struct wl_finding *ret_finding)
{
	enum wl_rule rule = write ? WL_RULE_DESTINATION_GONE : WL_RULE_MEDIUM_GONE;
	const char *words = "is empty";

	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++)
		if (wl_insertion_is_present(&m->insertions.slot[i]) &&
		    strcmp(m->insertions.slot[i].port, port) == 0) {
			rule = WL_RULE_MEDIUM_CHANGED;
			words = "holds another medium than the one asked for";
		}
	if (!wl_ports_find(&m->ports, port)) {
		rule = WL_RULE_MEDIUM_PORT_UNKNOWN;
		words = "is not named by the policy";
	}
	(void)wl_refuse(ret_finding, rule, "port %s %s", port, words);
}

static int check_ready(struct wl_media *m, struct wl_finding *ret_finding)
{
	if (m->gate.state != WL_GATE_NONE)
		return wl_refuse(ret_finding, WL_RULE_STATION_BUSY, "the medium in port %s is open",
		                 m->gate.pass.port.id);
	if (!wl_media_spawn(m))
		return wl_refuse(ret_finding, WL_RULE_STATION_PART_MISSING,
		                 "weighlock-spawnd is not connected");
	return 0;
}

/* Every other medium in a port of ours must be free: also what an earlier mediad had opened. */
static void list_others(const struct wl_media *m, const struct wl_insertion *but,
                        struct wl_device_job *job)
{
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX && job->nothers < WL_PORTS_MAX; i++) {
		const struct wl_insertion *s = &m->insertions.slot[i];
		if (s == but || !wl_insertion_is_present(s))
			continue;
		job->other[job->nothers].disk = s->disk;
		job->other[job->nothers++].port = *wl_ports_find(&m->ports, s->port);
	}
}

static void begin_opening(struct wl_media *m, struct wl_media_peer *asker,
                          const struct wl_insertion *in, const char *purpose, const char *intent)
{
	struct wl_gate *g = &m->gate;
	struct wl_device_job job = {.what = WL_DEVICE_OPEN,
	                            .pass = {.disk = in->disk,
	                                     .port = *wl_ports_find(&m->ports, in->port),
	                                     .write = intent[0] != '\0'}};

	list_others(m, in, &job);
	g->number++;
	g->pass = job.pass;
	(void)snprintf(g->purpose, sizeof(g->purpose), "%s", purpose);
	(void)snprintf(g->intent, sizeof(g->intent), "%s", intent);
	g->asker = g->owner = asker;
	g->serial = m->in.serial;
	g->state = WL_GATE_OPENING;
	(void)wl_device_thread_submit(m->thread, &job); /* idle whenever no gate is there */
}

void wl_gate_open(struct wl_media *m, struct wl_media_peer *asker)
{
	const char *port = wl_message_text(&m->in, WL_T_PORT);
	const char *purpose = wl_message_text(&m->in, WL_T_PURPOSE);
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	bool known = false;

	for (unsigned i = 0; i < WL_ARRAY_LEN(read_purposes); i++)
		known = known || strcmp(read_purposes[i], purpose) == 0;
	if (!known)
		return wl_media_drop(m, asker); /* no broker of ours says that */
	const struct wl_insertion *in =
	        wl_insertions_find(&m->insertions, port, wl_message_u64(&m->in, WL_T_DISKSEQ));
	if (!in) {
		say_missing(m, port, false, &finding);
		return refuse(m, asker, ENOMEDIUM, &finding);
	}
	if (check_ready(m, &finding) < 0)
		return refuse(m, asker, EBUSY, &finding);
	begin_opening(m, asker, in, purpose, "");
}

void wl_gate_write(struct wl_media *m, struct wl_media_peer *asker)
{
	const char *intent = wl_message_text(&m->in, WL_T_INTENT);
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	struct wl_grant grant;

	if (wl_grants_find(&m->grants, intent, wl_media_now_ms() / 1000, &grant, &finding) < 0)
		return refuse(m, asker, EPERM, &finding);
	if (check_ready(m, &finding) < 0)
		return refuse(m, asker, EBUSY, &finding);
	const struct wl_port *port = wl_ports_find(&m->ports, grant.port);
	const struct wl_insertion *in =
	        wl_insertions_find(&m->insertions, grant.port, grant.diskseq);
	wl_grants_spend(&m->grants, grant.intent); /* from here on it is used, whatever comes */
	if (!in || !port) {
		say_missing(m, grant.port, true, &finding);
		return refuse(m, asker, ENOMEDIUM, &finding);
	}
	if (port->use != WL_PORT_DESTINATION) {
		(void)wl_refuse(&finding, WL_RULE_MEDIUM_DIRECTION_WRONG,
		                "port %s is a source; nothing is written there", port->id);
		return refuse(m, asker, EPERM, &finding);
	}
	begin_opening(m, asker, in, grant.kind, grant.intent);
}

/* Nobody owns it any more, or nobody got it: shut it as soon as that can be done. */
static void disown(struct wl_media *m)
{
	m->gate.owner = NULL;
	m->gate.due_ms = wl_media_now_ms();
	if (m->gate.state == WL_GATE_HANDING)
		m->gate.state = WL_GATE_OPEN;
}

static void hand_over(struct wl_media *m, int fd)
{
	struct wl_gate *g = &m->gate;
	struct wl_media_peer *spawn = wl_media_spawn(m);
	struct wl_finding finding;

	g->state = WL_GATE_HANDING;
	g->due_ms = wl_media_now_ms() + HANDING_MS;
	if (spawn) {
		g->spawn_serial = wl_channel_serial(&spawn->channel);
		wl_message_start(&m->out, WL_MSG_GATE_FD, g->spawn_serial);
		wl_message_put_u64(&m->out, WL_T_GATE, g->number);
		if (g->intent[0])
			wl_message_put_text(&m->out, WL_T_INTENT, g->intent);
		wl_message_put_text(&m->out, WL_T_PURPOSE, g->purpose);
		wl_message_put_u64(&m->out, WL_T_ACCESS, g->pass.write ? 1 : 0);
		m->out.fd = fd;
		wl_media_send(m,
		              spawn); /* where that fails, spawnd is dropped and the asker told */
		m->out.fd = -1;
		return;
	}
	(void)wl_refuse(&finding, WL_RULE_STATION_PART_MISSING,
	                "weighlock-spawnd is not connected");
	answer_error(m, &finding, EPIPE);
	disown(m);
}

static void opening_done(struct wl_media *m, struct wl_device_job *job)
{
	struct wl_gate *g = &m->gate;
	WL_AUTO_CLOSE int fd = job->fd;

	g->pass = job->pass;
	if (job->result < 0) {
		g->state = WL_GATE_NONE;
		g->owner = NULL;
		return answer_error(m, &job->finding, EIO);
	}
	if (g->owner)
		return hand_over(m, fd);
	g->state = WL_GATE_OPEN; /* who asked has gone: shut it again */
	disown(m);
}

int wl_gate_handed(struct wl_media *m, struct wl_media_peer *spawn)
{
	struct wl_gate *g = &m->gate;
	struct wl_finding finding = {.rule = WL_RULE_NONE};

	(void)spawn;
	if (g->state != WL_GATE_HANDING || m->in.serial != g->spawn_serial)
		return 0; /* too late: that gate is no more */
	if (m->in.id == WL_MSG_ERROR) {
		(void)wl_refuse(&finding, WL_RULE_STATION_PART_MISSING,
		                "weighlock-spawnd does not take the medium: %s",
		                wl_message_text(&m->in, WL_T_DETAIL));
		answer_error(m, &finding, EPROTO);
		disown(m);
		return 0;
	}
	g->state = WL_GATE_OPEN;
	answer(m, g->pass.write ? WL_MSG_GATE_WRITE_REPLY : WL_MSG_GATE_OPEN_REPLY);
	return 0;
}

/* ---- shutting ---- */

static void begin_shutting(struct wl_media *m, uint64_t timeout_ms)
{
	struct wl_device_job job = {
	        .what = WL_DEVICE_SHUT, .pass = m->gate.pass, .timeout_ms = timeout_ms};

	m->gate.state = WL_GATE_SHUTTING;
	(void)wl_device_thread_submit(m->thread, &job); /* idle: nothing is being opened */
}

void wl_gate_shut(struct wl_media *m, struct wl_media_peer *asker)
{
	struct wl_gate *g = &m->gate;
	uint64_t number = wl_message_u64(&m->in, WL_T_GATE);
	uint64_t timeout_ms = wl_message_u64(&m->in, WL_T_TIMEOUT_MS);
	struct wl_finding finding = g->last_finding;

	if (timeout_ms > WL_GATE_SHUT_MS_MAX)
		return wl_media_drop(m, asker);      /* no broker of ours waits so long */
	if (number != 0 && number == g->last_shut) { /* asked again: the same answer */
		if (finding.rule != WL_RULE_NONE)
			return refuse(m, asker, EIO, &finding);
		wl_message_start(&m->out, WL_MSG_GATE_SHUT_REPLY, m->in.serial);
		return wl_media_send(m, asker);
	}
	if (g->state != WL_GATE_OPEN || number != g->number) {
		(void)wl_refuse(&finding,
		                number == g->number && g->state != WL_GATE_NONE
		                        ? WL_RULE_STATION_BUSY
		                        : WL_RULE_NONE,
		                "gate %llu is not open", (unsigned long long)number);
		return refuse(m, asker, EINVAL, &finding);
	}
	g->asker = g->owner = asker;
	g->serial = m->in.serial;
	begin_shutting(m, timeout_ms);
}

static void shutting_done(struct wl_media *m, const struct wl_device_job *job)
{
	struct wl_gate *g = &m->gate;

	g->pass = job->pass;
	if (!job->over) { /* still held: it stays open */
		g->state = WL_GATE_OPEN;
		g->due_ms = wl_media_now_ms() + OWNERLESS_TRY_MS;
		return answer_error(m, &job->finding, EBUSY);
	}
	g->state = WL_GATE_NONE;
	g->owner = NULL;
	g->last_shut = g->number;
	g->last_finding.rule = WL_RULE_NONE;
	if (job->result < 0) {
		g->last_finding = job->finding;
		return answer_error(m, &job->finding, EIO);
	}
	answer(m, WL_MSG_GATE_SHUT_REPLY);
}

void wl_gate_job_done(struct wl_media *m)
{
	struct wl_device_job job;

	if (wl_device_thread_collect(m->thread, &job) < 0)
		return;
	if (job.what == WL_DEVICE_OPEN)
		opening_done(m, &job);
	else
		shutting_done(m, &job);
}

/* ---- peers that go, time that passes ---- */

void wl_gate_peer_gone(struct wl_media *m, const struct wl_media_peer *peer)
{
	struct wl_gate *g = &m->gate;
	struct wl_finding finding;

	if (g->asker == peer)
		g->asker = NULL;
	if (g->owner == peer) {
		g->owner = NULL;
		if (g->state == WL_GATE_HANDING || g->state == WL_GATE_OPEN)
			disown(m);
	}
	if (peer->door == WL_DOOR_GATE && g->state == WL_GATE_HANDING) {
		(void)wl_refuse(&finding, WL_RULE_STATION_PART_MISSING,
		                "weighlock-spawnd went away");
		answer_error(m, &finding, EPIPE);
		disown(m);
	}
}

/*
 * A medium that was write-protected when this process started may have been in the gate of a
 * mediad that was killed. It is taken for a gate whose owner has gone: shut, and the protection put
 * back, as soon as nobody holds the medium. What is protected by its own switch stays so.
 */
static void take_up(struct wl_media *m)
{
	struct wl_gate *g = &m->gate;

	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX && g->state == WL_GATE_NONE; i++) {
		struct wl_insertion *in = &m->insertions.slot[i];
		if (!in->left_protected || !wl_insertion_is_present(in))
			continue;
		in->left_protected = false;
		g->number++;
		g->pass = (struct wl_device_pass){.disk = in->disk,
		                                  .port = *wl_ports_find(&m->ports, in->port),
		                                  .touched = true};
		g->purpose[0] = g->intent[0] = '\0';
		g->state = WL_GATE_OPEN;
		disown(m);
	}
}

static bool is_due(const struct wl_gate *g)
{
	return g->state == WL_GATE_HANDING || (g->state == WL_GATE_OPEN && !g->owner);
}

int wl_gate_wait_ms(const struct wl_media *m)
{
	if (!is_due(&m->gate))
		return -1;
	int64_t left = m->gate.due_ms - wl_media_now_ms();
	return left > 0 ? (int)left : 0;
}

void wl_gate_tick(struct wl_media *m)
{
	struct wl_gate *g = &m->gate;

	take_up(m);
	if (!is_due(g) || wl_media_now_ms() < g->due_ms)
		return;
	if (g->state == WL_GATE_OPEN)
		return begin_shutting(m, 0);
	struct wl_media_peer *spawn = wl_media_spawn(m);
	if (spawn) /* did not answer in time */
		wl_media_drop(m, spawn);
}

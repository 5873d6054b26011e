/*
 * What weighlock-mediad does with each message, but for those about gates (gate.c).
 *
 * Runs in weighlock-mediad. The broker says the ports and asks; ledgerd sends grants; each comes
 * over its own socket from its own uid, and messages.def says who may send what. Nothing is kept on
 * disk.
 */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "udev/media.h"

/* ---- media.seen, media.gone ---- */

static void build_change(struct wl_message *out, uint32_t serial, const struct wl_insertion *in,
                         bool gone)
{
	const struct wl_disk *d = &in->disk;
	char devnum[24];

	wl_message_start(out, gone ? WL_MSG_MEDIA_GONE : WL_MSG_MEDIA_SEEN, serial);
	wl_message_put_text(out, WL_T_PORT, in->port);
	wl_message_put_u64(out, WL_T_DISKSEQ, d->diskseq);
	if (gone)
		return;
	(void)snprintf(devnum, sizeof(devnum), "%u:%u", major(d->devnum), minor(d->devnum));
	wl_message_put_u64(out, WL_T_BYTES, d->bytes);
	if (d->vid[0])
		wl_message_put_text(out, WL_T_VID, d->vid);
	if (d->pid[0])
		wl_message_put_text(out, WL_T_PID, d->pid);
	if (d->serial[0])
		wl_message_put_text(out, WL_T_SERIAL, d->serial);
	wl_message_put_text(out, WL_T_NAME, d->name);
	wl_message_put_text(out, WL_T_DEVNUM, devnum);
}

void wl_media_tell(void *media, const struct wl_insertion *insertion, bool gone)
{
	struct wl_media *m = media;

	wl_log_info("port %s: %s, %llu bytes, DISKSEQ %llu", insertion->port,
	            gone ? "medium gone" : "medium seen", (unsigned long long)insertion->disk.bytes,
	            (unsigned long long)insertion->disk.diskseq);
	if (gone)
		wl_grants_medium_gone(&m->grants, insertion->disk.diskseq);
	for (unsigned i = 0; i < WL_MEDIA_PEERS; i++) {
		struct wl_media_peer *p = &m->peer[i];
		if (!p->used || !p->wants_events)
			continue;
		build_change(&m->out, 0, insertion, gone);
		wl_media_send(m, p);
	}
}

struct wl_watched wl_media_watched(struct wl_media *m)
{
	return (struct wl_watched){.insertions = &m->insertions,
	                           .ports = &m->ports,
	                           .change = wl_media_tell,
	                           .context = m};
}

static int handle_list(struct wl_media *m, struct wl_media_peer *peer)
{
	uint32_t serial = m->in.serial;
	uint64_t count = 0;

	peer->wants_events = true;
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX && peer->used; i++) {
		if (!wl_insertion_is_present(&m->insertions.slot[i]))
			continue;
		build_change(&m->out, serial, &m->insertions.slot[i], false);
		wl_media_send(m, peer);
		count++;
	}
	if (!peer->used)
		return 0;
	wl_message_start(&m->out, WL_MSG_MEDIA_LIST_REPLY, serial);
	wl_message_put_u64(&m->out, WL_T_COUNT, count);
	wl_message_put_u64(&m->out, WL_T_OVERRUNS, wl_watch_overruns(m->watch));
	wl_media_send(m, peer);
	return 0;
}

/* ---- ports ---- */

static int handle_ports_begin(struct wl_media *m, struct wl_media_peer *peer)
{
	peer->staging = true;
	peer->staging_serial = m->in.serial;
	peer->staged = (struct wl_ports){.test = wl_message_bool(&m->in, WL_T_TEST)};
	peer->staged_finding.rule = WL_RULE_NONE;
	return 0;
}

static int handle_ports_port(struct wl_media *m, struct wl_media_peer *peer)
{
	if (!peer->staging || peer->staging_serial != m->in.serial)
		return -EBADMSG;
	if (peer->staged_finding.rule == WL_RULE_NONE)
		(void)wl_ports_add(&peer->staged, wl_message_text(&m->in, WL_T_PORT),
		                   wl_message_text(&m->in, WL_T_MATCH),
		                   wl_message_text(&m->in, WL_T_USE), &peer->staged_finding);
	return 0;
}

static int handle_ports_commit(struct wl_media *m, struct wl_media_peer *peer)
{
	uint32_t serial = m->in.serial;

	if (!peer->staging || peer->staging_serial != serial)
		return -EBADMSG;
	peer->staging = false;
	if (peer->staged_finding.rule != WL_RULE_NONE) {
		wl_media_send_error(m, peer, serial, &peer->staged_finding, EINVAL);
		return 0;
	}
	peer->wants_events = true;
	m->ports = peer->staged;
	wl_message_start(&m->out, WL_MSG_PORTS_COMMIT_REPLY, serial);
	wl_message_put_u64(&m->out, WL_T_COUNT, m->ports.n);
	wl_media_send(m, peer);
	wl_insertions_set_ports(&m->insertions, &m->ports, wl_media_tell, m);
	return 0;
}

/* ---- grants ---- */

static int handle_grant(struct wl_media *m, struct wl_media_peer *peer)
{
	struct wl_grant g = {.diskseq = wl_message_u64(&m->in, WL_T_DISKSEQ)};
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	const struct {
		enum wl_tag tag;
		char *buf;
		size_t size;
	} texts[] = {
	        {WL_T_KIND, g.kind, sizeof(g.kind)},
	        {WL_T_INTENT, g.intent, sizeof(g.intent)},
	        {WL_T_PORT, g.port, sizeof(g.port)},
	        {WL_T_INSERTION, g.insertion, sizeof(g.insertion)},
	        {WL_T_BOOT, g.boot, sizeof(g.boot)},
	};

	for (unsigned i = 0; i < WL_ARRAY_LEN(texts); i++)
		(void)snprintf(texts[i].buf, texts[i].size, "%s",
		               wl_message_text(&m->in, texts[i].tag));
	if (wl_grants_add(&m->grants, &g, wl_media_now_ms() / 1000, &finding) < 0) {
		wl_media_send_error(m, peer, m->in.serial, &finding, EPERM);
		return 0;
	}
	wl_message_start(&m->out, WL_MSG_GRANT_REPLY, m->in.serial);
	wl_media_send(m, peer);
	return 0;
}

/* The intent ended, in the ledger, before anything was written against it. */
static int handle_grant_end(struct wl_media *m, struct wl_media_peer *peer)
{
	wl_grants_spend(&m->grants, wl_message_text(&m->in, WL_T_INTENT));
	wl_message_start(&m->out, WL_MSG_GRANT_END_REPLY, m->in.serial);
	wl_media_send(m, peer);
	return 0;
}

/* ---- gates ---- */

static int handle_gate_open(struct wl_media *m, struct wl_media_peer *peer)
{
	wl_gate_open(m, peer);
	return 0;
}

static int handle_gate_write(struct wl_media *m, struct wl_media_peer *peer)
{
	wl_gate_write(m, peer);
	return 0;
}

static int handle_gate_shut(struct wl_media *m, struct wl_media_peer *peer)
{
	wl_gate_shut(m, peer);
	return 0;
}

static const struct {
	enum wl_message_id id;
	enum wl_media_door door;
	int (*handle)(struct wl_media *m, struct wl_media_peer *peer);
} handlers[] = {
        {WL_MSG_PORTS_BEGIN, WL_DOOR_MEDIA, handle_ports_begin},
        {WL_MSG_PORTS_PORT, WL_DOOR_MEDIA, handle_ports_port},
        {WL_MSG_PORTS_COMMIT, WL_DOOR_MEDIA, handle_ports_commit},
        {WL_MSG_MEDIA_LIST, WL_DOOR_MEDIA, handle_list},
        {WL_MSG_GATE_OPEN, WL_DOOR_MEDIA, handle_gate_open},
        {WL_MSG_GATE_WRITE, WL_DOOR_MEDIA, handle_gate_write},
        {WL_MSG_GATE_SHUT, WL_DOOR_MEDIA, handle_gate_shut},
        {WL_MSG_GRANT, WL_DOOR_GRANT, handle_grant},
        {WL_MSG_GRANT_END, WL_DOOR_GRANT, handle_grant_end},
        {WL_MSG_GATE_FD_REPLY, WL_DOOR_GATE, wl_gate_handed},
        {WL_MSG_ERROR, WL_DOOR_GATE, wl_gate_handed},
};

int wl_media_handle(struct wl_media *m, struct wl_media_peer *peer)
{
	for (unsigned i = 0; i < WL_ARRAY_LEN(handlers); i++)
		if (handlers[i].id == m->in.id && handlers[i].door == peer->door)
			return handlers[i].handle(m, peer);
	return -EBADMSG;
}

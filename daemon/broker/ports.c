/*
 * The ports and what is in them (weighlockd).
 *
 * What a device says of itself (names, numbers) is untrusted text from mediad: kept, escaped when
 * shown, never interpreted. A medium is told apart by DISKSEQ, which the kernel counts. Memory
 * only: after a lost power mediad tells it all again, and the ledger which media are suspect.
 */
#include "daemon/broker/ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_ports(const void *a, const void *b)
{
	return strcmp(((const struct wl_port *)a)->port, ((const struct wl_port *)b)->port);
}

void wl_ports_set(struct wl_ports *p, const struct wl_policy *policy)
{
	struct wl_port old[WL_PORTS_MAX];
	size_t nold = p->n;
	memcpy(old, p->v, sizeof(old));
	p->n = 0;
	for (size_t i = 0; policy && i < policy->nports && p->n < WL_PORTS_MAX; i++) {
		struct wl_port *port = &p->v[p->n++];
		*port = (struct wl_port){.use = policy->ports[i].use};
		(void)snprintf(port->port, sizeof(port->port), "%s", policy->ports[i].id);
		for (size_t k = 0; k < nold; k++)
			if (!strcmp(old[k].port, port->port))
				port->medium = old[k].medium;
	}
	qsort(p->v, p->n, sizeof(p->v[0]), compare_ports);
}

struct wl_port *wl_ports_find(struct wl_ports *p, const char *port)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i].port, port))
			return &p->v[i];
	return NULL;
}

struct wl_port *wl_ports_of_insertion(struct wl_ports *p, const char *insertion)
{
	for (size_t i = 0; i < p->n; i++)
		if (insertion[0] && p->v[i].medium.present &&
		    !strcmp(p->v[i].medium.insertion, insertion))
			return &p->v[i];
	return NULL;
}

static void copy_text(char *to, size_t size, const struct wl_message *m, enum wl_tag tag)
{
	(void)snprintf(to, size, "%s", wl_message_text(m, tag));
}

struct wl_port *wl_ports_seen(struct wl_ports *p, const struct wl_message *seen,
                              char ret_gone[WL_ID_TEXT])
{
	struct wl_port *port = wl_ports_find(p, wl_message_text(seen, WL_T_PORT));
	uint64_t diskseq = wl_message_u64(seen, WL_T_DISKSEQ);
	ret_gone[0] = '\0';
	if (!port)
		return NULL;
	struct wl_medium *m = &port->medium;
	if (m->present && m->diskseq == diskseq)
		return NULL;
	if (m->present)
		(void)snprintf(ret_gone, WL_ID_TEXT, "%s", m->insertion);
	*m = (struct wl_medium){
	        .present = true, .diskseq = diskseq, .bytes = wl_message_u64(seen, WL_T_BYTES)};
	copy_text(m->vid, sizeof(m->vid), seen, WL_T_VID);
	copy_text(m->pid, sizeof(m->pid), seen, WL_T_PID);
	copy_text(m->serial, sizeof(m->serial), seen, WL_T_SERIAL);
	copy_text(m->name, sizeof(m->name), seen, WL_T_NAME);
	(void)wl_id_fingerprint(m->vid, m->pid, m->serial, m->bytes, m->medium);
	return port;
}

void wl_ports_gone(struct wl_ports *p, const struct wl_message *gone, char ret_gone[WL_ID_TEXT])
{
	struct wl_port *port = wl_ports_find(p, wl_message_text(gone, WL_T_PORT));
	ret_gone[0] = '\0';
	if (!port || !port->medium.present ||
	    port->medium.diskseq != wl_message_u64(gone, WL_T_DISKSEQ))
		return;
	(void)snprintf(ret_gone, WL_ID_TEXT, "%s", port->medium.insertion);
	port->medium = (struct wl_medium){0};
}

bool wl_names_has(const struct wl_names *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->v[i], name))
			return true;
	return false;
}

static void remove_at(struct wl_names *set, size_t i)
{
	set->n--;
	memmove(set->v[i], set->v[i + 1], (set->n - i) * sizeof(set->v[0]));
}

void wl_names_set(struct wl_names *set, const char *name, bool in)
{
	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->v[i], name)) {
			if (!in)
				remove_at(set, i);
			return;
		}
	if (!in || !name[0])
		return;
	if (set->n == WL_NAMES_MAX)
		remove_at(set, 0);
	(void)snprintf(set->v[set->n++], WL_ID_TEXT, "%s", name);
}

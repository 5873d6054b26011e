/*
 * The table of insertions; see insertions.h.
 *
 * Runs in weighlock-mediad. Attacker-controlled: how often a device comes, goes and changes, and
 * its own words, which arrive here already escaped. Nothing is kept on disk: after a start, or
 * after lost events, the whole truth is read again from sysfs and compared with this table.
 */
#include "udev/insertions.h"

#include <errno.h>
#include <string.h>

bool wl_insertion_is_present(const struct wl_insertion *insertion)
{
	return insertion->used && !insertion->ended && insertion->port[0] != '\0';
}

static struct wl_insertion *find_devnum(struct wl_insertions *t, dev_t devnum)
{
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++)
		if (t->slot[i].used && t->slot[i].disk.devnum == devnum)
			return &t->slot[i];
	return NULL;
}

/* A free slot, else one whose insertion has ended; NULL where every slot holds a medium. */
static struct wl_insertion *find_room(struct wl_insertions *t)
{
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++)
		if (!t->slot[i].used)
			return &t->slot[i];
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++)
		if (t->slot[i].ended)
			return &t->slot[i];
	return NULL;
}

static void end_insertion(struct wl_insertion *s, wl_insertion_change change, void *context)
{
	if (wl_insertion_is_present(s))
		change(context, s, true);
	s->ended = true;
}

static void set_port(struct wl_insertion *s, const struct wl_ports *ports)
{
	const struct wl_port *p = wl_ports_match(ports, s->disk.devnum, s->disk.id_path);

	(void)snprintf(s->port, sizeof(s->port), "%s", p ? p->id : "");
}

int wl_insertions_observe(struct wl_insertions *t, const struct wl_ports *ports,
                          const struct wl_disk *disk, bool settled, wl_insertion_change change,
                          void *context)
{
	struct wl_insertion *s = find_devnum(t, disk->devnum);

	if (s) {
		s->found = true;
		if (!s->ended && (disk->bytes == 0 || disk->diskseq != s->disk.diskseq))
			end_insertion(s, change, context);
		if (disk->diskseq == s->disk.diskseq)
			return 0; /* the same one again, or one that has ended */
	}
	if (!settled || disk->bytes == 0)
		return 0;
	if (!s)
		s = find_room(t);
	if (!s)
		return -ENOSPC;
	*s = (struct wl_insertion){.disk = *disk,
	                           .used = true,
	                           .found = true,
	                           .left_protected = disk->read_only && !t->enumerated};
	set_port(s, ports);
	if (wl_insertion_is_present(s))
		change(context, s, false);
	return 0;
}

void wl_insertions_remove(struct wl_insertions *t, dev_t devnum, wl_insertion_change change,
                          void *context)
{
	struct wl_insertion *s = find_devnum(t, devnum);

	if (!s)
		return;
	end_insertion(s, change, context);
	s->used = false;
}

void wl_insertions_enumerate_begin(struct wl_insertions *t)
{
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++)
		t->slot[i].found = false;
}

void wl_insertions_enumerate_end(struct wl_insertions *t, wl_insertion_change change, void *context)
{
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++)
		if (t->slot[i].used && !t->slot[i].found)
			wl_insertions_remove(t, t->slot[i].disk.devnum, change, context);
	t->enumerated = true;
}

void wl_insertions_set_ports(struct wl_insertions *t, const struct wl_ports *ports,
                             wl_insertion_change change, void *context)
{
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++) {
		struct wl_insertion *s = &t->slot[i];
		struct wl_insertion before = *s;
		if (!s->used || s->ended)
			continue;
		set_port(s, ports);
		if (strcmp(before.port, s->port) == 0)
			continue;
		if (wl_insertion_is_present(&before))
			change(context, &before, true);
		if (wl_insertion_is_present(s))
			change(context, s, false);
	}
}

const struct wl_insertion *wl_insertions_find(const struct wl_insertions *t, const char *port,
                                              uint64_t diskseq)
{
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++) {
		const struct wl_insertion *s = &t->slot[i];
		if (wl_insertion_is_present(s) && s->disk.diskseq == diskseq &&
		    strcmp(s->port, port) == 0)
			return s;
	}
	return NULL;
}

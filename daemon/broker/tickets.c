/*
 * The tickets kept at this station (weighlockd).
 *
 * Their bytes are the authority's, verified before they are stored; here they are read with the
 * strict reader again, and a folder that holds something else is passed over. When power goes while
 * one is stored its folder is incomplete and it is brought again: the entry ticket.added comes
 * last.
 */
#include "daemon/broker/tickets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

#define NAME_TEXT (WL_ID_TEXT + 24)

static int add_file(struct wl_stored_ticket *t, const char *name, void **ret_p, size_t *ret_n)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(t->folder_fd, name, WL_TICKET_BYTES_MAX, &p, &n);
	if (r == 0)
		r = wl_items_add(&t->files, name, strlen(name), false, n, 0);
	if (r == 0 && ret_p) {
		*ret_p = TAKE_PTR(p);
		*ret_n = n;
	}
	return r;
}

/* Digests are taken once all are there: numbering sorts them. */
static int digest_files(struct wl_stored_ticket *t)
{
	wl_items_number(&t->files);
	for (size_t i = 0; i < t->files.n; i++) {
		struct wl_item *item = &t->files.v[i];
		WL_AUTO_FREE void *p = NULL;
		size_t n = 0;
		uint8_t sha256[WL_SHA256_BYTES];
		int r = wl_file_read(t->folder_fd, item->path, WL_TICKET_BYTES_MAX, &p, &n);
		if (r == 0)
			r = wl_sha256_of(p, n, sha256);
		if (r < 0)
			return r;
		wl_item_set_digest(item, sha256, p,
		                   n < WL_ITEM_HEAD_BYTES ? n : WL_ITEM_HEAD_BYTES);
	}
	return 0;
}

static void stored_clear(struct wl_stored_ticket *t)
{
	wl_ticket_free(t->ticket);
	wl_items_clear(&t->files);
	wl_cleanup_close(&t->folder_fd);
	*t = (struct wl_stored_ticket){.folder_fd = -1};
}

static int load_one(int tickets_fd, const char *id, struct wl_stored_ticket *t)
{
	char name[NAME_TEXT];
	WL_AUTO_FREE void *json = NULL;
	size_t n = 0;
	struct wl_finding finding;
	t->folder_fd = openat(tickets_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (t->folder_fd < 0)
		return -errno;
	(void)snprintf(name, sizeof(name), "%s.ticket.json", id);
	int r = add_file(t, name, &json, &n);
	for (unsigned k = 1; r == 0 && k <= WL_TICKET_SIGNATURES_MAX; k++) {
		(void)snprintf(name, sizeof(name), "%s.ticket.%u.p7s", id, k);
		r = add_file(t, name, NULL, NULL);
		if (r == -ENOENT) {
			r = 0;
			break;
		}
	}
	if (r == 0)
		r = digest_files(t);
	return r < 0 ? r : wl_ticket_read(json, n, &t->ticket, &finding);
}

static int compare_tickets(const void *a, const void *b)
{
	const struct wl_stored_ticket *x = a, *y = b;
	return strcmp(x->ticket->id, y->ticket->id);
}

int wl_tickets_load(int tickets_fd, struct wl_stored_ticket **ret, size_t *ret_n)
{
	int fd = openat(tickets_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct wl_stored_ticket *all = calloc(WL_TICKETS_MAX, sizeof(*all));
	size_t n = 0;
	if (!d || !all) {
		if (d)
			(void)closedir(d); /* and fd with it */
		else
			wl_cleanup_close(&fd);
		free(all);
		return -ENOMEM;
	}
	for (struct dirent *e = readdir(d); e && n < WL_TICKETS_MAX; e = readdir(d)) {
		if (!wl_id_is(WL_ID_TICKET, e->d_name))
			continue;
		all[n].folder_fd = -1;
		if (load_one(tickets_fd, e->d_name, &all[n]) == 0 && all[n].ticket &&
		    !strcmp(all[n].ticket->id, e->d_name))
			n++;
		else
			stored_clear(&all[n]);
	}
	(void)closedir(d);
	if (n > 0)
		qsort(all, n, sizeof(*all), compare_tickets);
	*ret = all;
	*ret_n = n;
	return 0;
}

void wl_tickets_free(struct wl_stored_ticket *tickets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		stored_clear(&tickets[i]);
	free(tickets);
}

/* Empties a ticket's folder of one kind: an earlier one with the same id is replaced whole. */
static void empty(int folder_fd, const char *id, const char *kind)
{
	char name[NAME_TEXT];
	(void)snprintf(name, sizeof(name), "%s.%s.json", id, kind);
	(void)unlinkat(folder_fd, name, 0);
	for (unsigned k = 1; k <= WL_TICKET_SIGNATURES_MAX; k++) {
		(void)snprintf(name, sizeof(name), "%s.%s.%u.p7s", id, kind, k);
		(void)unlinkat(folder_fd, name, 0);
	}
}

int wl_tickets_store(int tickets_fd, const char *id, const char *kind,
                     const struct wl_ticket_blob *json, const struct wl_ticket_blob *signatures,
                     size_t nsignatures)
{
	char name[NAME_TEXT];
	if (mkdirat(tickets_fd, id, 0750) < 0 && errno != EEXIST)
		return -errno;
	WL_AUTO_CLOSE int fd =
	        openat(tickets_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	empty(fd, id, kind);
	for (size_t k = 0; k < nsignatures; k++) {
		(void)snprintf(name, sizeof(name), "%s.%s.%zu.p7s", id, kind, k + 1);
		int r = wl_file_replace(fd, name, signatures[k].p, signatures[k].n, 0440);
		if (r < 0)
			return r;
	}
	(void)snprintf(name, sizeof(name), "%s.%s.json", id, kind);
	int r = wl_file_replace(fd, name, json->p, json->n, 0440);
	return r < 0 ? r : fsync(tickets_fd) < 0 ? -errno : 0;
}

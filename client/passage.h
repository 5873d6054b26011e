/* A transfer from the call that opens it to its last medium, as `receive` and `export` follow it:
 * both directions wait for the same things and differ in what is shown and how it is written. */
#ifndef WL_CLIENT_PASSAGE_H
#define WL_CLIENT_PASSAGE_H

#include "client/cli.h"

struct wl_passage {
	const char *method; /* that opens it */
	/* says what the opening's answer tells besides; may be NULL */
	void (*opened)(const struct wl_cli *cli, const json_t *answer);
	/* shows what was decided about transfer `id`; 0 or the exit status */
	int (*show)(struct wl_cli *cli, const char *id);
	/* writes an approved transfer to its media; exit status */
	int (*write)(struct wl_cli *cli, const char *id);
};

/*
 * Calls p->method with `parameters` (taken over), says that the transfer is open, and follows it
 * with wl_passage_follow. Exit status.
 */
int wl_passage_open(struct wl_cli *cli, const struct wl_passage *p, json_t *parameters);

/*
 * From where `id` stands to the end, as far as nobody else is wanted where --no-wait says so; a
 * person who stops waiting (Ctrl-C) leaves it open. Exit status, by the transfer's state.
 */
int wl_passage_follow(struct wl_cli *cli, const struct wl_passage *p, const char *id);

#endif

/*
 * `show`: one transfer whole: files, reasons, people, next step. Reads only.
 */
#include <string.h>

#include "client/export_view.h"
#include "client/resolve.h"
#include "client/say.h"
#include "client/transfer_view.h"

static void say_history(const struct wl_cli *cli, const json_t *history)
{
	for (size_t i = 0; i < json_array_size(history); i++) {
		const json_t *h = json_array_get(history, i);
		const char *words = wl_member_text(h, "words");
		bool remark = !strcmp(wl_member_text(h, "event"), "transfer.noted");
		wl_say_in(cli, 2, "%s  %s  %s%s", wl_member_text(h, "time"),
		          wl_member_text(h, "actor"), remark ? _("remark: ") : "",
		          words[0] ? words : wl_member_text(h, "event"));
	}
}

static json_t *only_refused(const json_t *items)
{
	json_t *kept = json_array();
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_array_get(items, i);
		if (!strcmp(wl_member_text(item, "verdict"), "refuse"))
			(void)json_array_append(kept, item);
	}
	return kept;
}

int wl_verb_show(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	json_t *t = NULL, *items = NULL;
	int status = wl_resolve_operand(cli, id);

	if (!status)
		status = wl_view_fetch(cli, id, &t, &items);
	if (status)
		return status;
	if (wl_args_given(cli->args, "refused")) {
		json_t *kept = only_refused(items);
		json_decref(items);
		items = kept;
	}
	wl_view_transfer(cli, t);
	if (wl_is_export(t))
		wl_export_view_items(cli, items, wl_args_given(cli->args, "pictures"));
	else
		wl_view_items(cli, items);
	say_history(cli, json_object_get(t, "history"));
	wl_say_next_of(cli, t);
	json_t *object = json_pack("{s:O, s:O}", "transfer", t, "items", items);
	wl_cli_json(cli, object);
	json_decref(object);
	json_decref(t);
	json_decref(items);
	return WL_EXIT_DONE;
}

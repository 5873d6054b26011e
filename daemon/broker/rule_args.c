/*
 * The arguments of rules' sentences (weighlockd). Pure.
 *
 * Every text was escaped where it came from; here they are only put under the names that the
 * sentences of rules.def use.
 */
#include "daemon/broker/rule_args.h"

#include "daemon/broker/objects.h"

static const char *or_dash(const char *text)
{
	return text && text[0] ? text : "-";
}

json_t *wl_rule_args(const struct wl_transfer *t, const char *path, const char *detail,
                     const char *port)
{
	static const char *const names[] = {"device", "vendor", "component", "ticket"};
	json_t *args = json_object();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		wl_object_text(args, names[i], or_dash(t ? wl_transfer_text(t, names[i]) : ""));
	wl_object_text(args, "transfer", or_dash(t ? t->id : ""));
	wl_object_text(args, "person", or_dash(t ? t->opened_by : ""));
	if (!path && t) /* the file that the decision was about */
		path = wl_transfer_text(t, "path");
	wl_object_text(args, "file", or_dash(path));
	wl_object_text(args, "name", or_dash(path));
	wl_object_text(args, "detail", or_dash(detail));
	wl_object_text(args, "port", or_dash(port));
	wl_object_text(args, "medium", or_dash(t && t->noutputs ? t->outputs[0].medium : ""));
	return args;
}

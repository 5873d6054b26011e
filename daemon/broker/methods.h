/* The table of methods: name, arguments, what carries it out. Who may call: policy/people.h. */
#ifndef WL_BROKER_METHODS_H
#define WL_BROKER_METHODS_H

#include "daemon/broker/args.h"
#include "daemon/broker/call.h"

struct wl_broker;
typedef void (*wl_method_handler)(struct wl_broker *b, struct wl_call *c);

struct wl_method {
	const char *name;
	wl_method_handler handler;       /* NULL: declared, and carried out by a later version */
	bool more;                       /* may be asked for as a stream */
	struct wl_arg args[WL_ARGS_MAX]; /* ends with WL_ARG_END */
};

extern const struct wl_method wl_methods[]; /* ends with name NULL */
/* By short name; NULL where unknown. */
const struct wl_method *wl_method_find(const char *name);

/* handlers, one per row; each answers the call or defers it */
#define WL_METHOD_HANDLER(h) void h(struct wl_broker *b, struct wl_call *c)
WL_METHOD_HANDLER(wl_do_set_language);
WL_METHOD_HANDLER(wl_do_get_status);
WL_METHOD_HANDLER(wl_do_list_media);
WL_METHOD_HANDLER(wl_do_open_inbound);
WL_METHOD_HANDLER(wl_do_open_outbound);
WL_METHOD_HANDLER(wl_do_add_outbound);
WL_METHOD_HANDLER(wl_do_acknowledge);
WL_METHOD_HANDLER(wl_do_list_transfers);
WL_METHOD_HANDLER(wl_do_show);
WL_METHOD_HANDLER(wl_do_watch);
WL_METHOD_HANDLER(wl_do_approve);
WL_METHOD_HANDLER(wl_do_reject);
WL_METHOD_HANDLER(wl_do_withdraw);
WL_METHOD_HANDLER(wl_do_release);
WL_METHOD_HANDLER(wl_do_outcome);
WL_METHOD_HANDLER(wl_do_cancel);
WL_METHOD_HANDLER(wl_do_note);
WL_METHOD_HANDLER(wl_do_retry);
WL_METHOD_HANDLER(wl_do_prepare);
WL_METHOD_HANDLER(wl_do_add_ticket);
WL_METHOD_HANDLER(wl_do_list_tickets);
WL_METHOD_HANDLER(wl_do_station_init);
WL_METHOD_HANDLER(wl_do_station_succeed);
WL_METHOD_HANDLER(wl_do_station_confirm);
WL_METHOD_HANDLER(wl_do_station_card);
WL_METHOD_HANDLER(wl_do_policy_propose);
WL_METHOD_HANDLER(wl_do_policy_confirm);
WL_METHOD_HANDLER(wl_do_policy_show);
WL_METHOD_HANDLER(wl_do_visit_open);
WL_METHOD_HANDLER(wl_do_list_visits);
WL_METHOD_HANDLER(wl_do_visit_confirm);
WL_METHOD_HANDLER(wl_do_visit_close);
WL_METHOD_HANDLER(wl_do_ledger_read);
WL_METHOD_HANDLER(wl_do_ledger_prove);
WL_METHOD_HANDLER(wl_do_ledger_export);
WL_METHOD_HANDLER(wl_do_ledger_cosign);
WL_METHOD_HANDLER(wl_do_ledger_checkpoint);
WL_METHOD_HANDLER(wl_do_ledger_query);
WL_METHOD_HANDLER(wl_do_station_csr);
WL_METHOD_HANDLER(wl_do_station_cert);
WL_METHOD_HANDLER(wl_do_station_propose);
WL_METHOD_HANDLER(wl_do_station_agree);

#endif

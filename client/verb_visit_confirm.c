/*
 * `visit confirm`: the escort's word, under the escort's own account, that the visit is escorted.
 */
#include "client/visit_view.h"

int wl_verb_visit_confirm(struct wl_cli *cli)
{
	return wl_visit_call(cli, "VisitConfirm", json_object(),
	                     _("confirmed: the visit is escorted."));
}

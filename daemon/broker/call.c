/*
 * Answers to a call (weighlockd): the errors of INTERFACES 9 and nothing else.
 *
 * What is put into an answer is escaped where it came from outside (details of findings are, args
 * are). The part programs rely on is `rule` and `args`; `reason` and `remedy` are renderings of
 * them in the connection's language. Nothing is stored.
 */
#include "daemon/broker/call.h"

#include <stdio.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/rules.h"
#include "daemon/broker/language.h"
#include "daemon/broker/server.h"

static void finish(struct wl_call *c, json_t *frame)
{
	if (c->answered)
		return json_decref(frame);
	c->answered = true;
	wl_conn_send(c->conn, frame);
	json_decref(frame);
	wl_conn_call_done(c->conn);
}

void wl_call_reply(struct wl_call *c, json_t *parameters)
{
	finish(c, json_pack("{s:o}", "parameters", parameters ? parameters : json_object()));
}

void wl_call_continue(struct wl_call *c, json_t *parameters)
{
	if (c->more && !c->answered) {
		json_t *frame = json_pack("{s:O, s:b}", "parameters", parameters, "continues", 1);
		wl_conn_send(c->conn, frame);
		json_decref(frame);
	}
	json_decref(parameters);
}

void wl_call_error(struct wl_call *c, const char *name, json_t *parameters)
{
	finish(c, json_pack("{s:s, s:o}", "error", name, "parameters",
	                    parameters ? parameters : json_object()));
}

static void render(const char *text, json_t *args, const char *language, char *buf, size_t size)
{
	static const char *const places[] = {"file",   "detail",    "port",     "device",
	                                     "vendor", "ticket",    "transfer", "medium",
	                                     "person", "component", "name"};
	struct wl_rule_arg arg[WL_ARRAY_LEN(places)];
	for (size_t i = 0; i < WL_ARRAY_LEN(places); i++) {
		const char *value = json_string_value(json_object_get(args, places[i]));
		arg[i] = (struct wl_rule_arg){places[i], value && value[0] ? value : "-"};
	}
	wl_language_use(language);
	buf[0] = '\0';
	if (text[0]) /* gettext("") is the catalogue's own header */
		(void)wl_rule_render(text, arg, WL_ARRAY_LEN(places), buf, size);
}

void wl_rule_explain(json_t *object, enum wl_rule rule, json_t *args, const char *language)
{
	const struct wl_rule_row *row = wl_rule_row(rule);
	char text[1024];
	if (row->verdict != WL_REFUSE && row->verdict != WL_HOLD)
		return;
	render(row->sentence, args, language, text, sizeof(text));
	(void)json_object_set_new(object, "reason", json_string(text));
	render(row->remedy, args, language, text, sizeof(text));
	(void)json_object_set_new(object, "remedy", json_string(text));
}

void wl_call_refuse(struct wl_call *c, enum wl_rule rule, json_t *rules, json_t *args)
{
	json_t *o = json_object();
	if (!args)
		args = json_object();
	if (c->on_refused && !c->answered)
		c->on_refused(c->on_refused_user, c, rule);
	wl_rule_explain(o, rule, args, c->language);
	(void)json_object_set_new(o, "rule", json_string(wl_rule_id(rule)));
	(void)json_object_set_new(o, "rules", rules ? rules : json_pack("[s]", wl_rule_id(rule)));
	(void)json_object_set_new(o, "args", args);
	wl_call_error(c, WL_ERROR_PREFIX "Refused", o);
}

void wl_call_refuse_finding(struct wl_call *c, const struct wl_finding *finding)
{
	wl_call_refuse(c, finding->rule, NULL, json_pack("{s:s}", "detail", finding->detail));
}

void wl_call_not_permitted(struct wl_call *c, const char *role)
{
	wl_call_error(c, WL_ERROR_PREFIX "NotPermitted",
	              json_pack("{s:s, s:s}", "method", c->method, "role", role));
}

void wl_call_wrong_state(struct wl_call *c, const char *transfer, const char *state,
                         json_t *expected)
{
	wl_call_error(c, WL_ERROR_PREFIX "WrongState",
	              json_pack("{s:s, s:s, s:o}", "transfer", transfer, "state", state, "expected",
	                        expected));
}

void wl_call_no_such(struct wl_call *c, const char *kind, const char *id)
{
	wl_call_error(c, WL_ERROR_PREFIX "NoSuch", json_pack("{s:s, s:s}", "kind", kind, "id", id));
}

void wl_call_bad_argument(struct wl_call *c, const char *parameter, const char *expected)
{
	wl_call_error(c, WL_ERROR_PREFIX "BadArgument",
	              json_pack("{s:s, s:s}", "parameter", parameter, "expected", expected));
}

void wl_call_unavailable(struct wl_call *c, enum wl_rule rule, json_t *args)
{
	json_t *o = json_object();
	wl_rule_explain(o, rule, args, c->language);
	(void)json_object_del(o, "remedy"); /* this error has none (INTERFACES 9) */
	(void)json_object_set_new(o, "rule", json_string(wl_rule_id(rule)));
	json_decref(args);
	wl_call_error(c, WL_ERROR_PREFIX "Unavailable", o);
}

void wl_call_too_much(struct wl_call *c, const char *limit, uint64_t value)
{
	wl_call_error(c, WL_ERROR_PREFIX "TooMuch",
	              json_pack("{s:s, s:I}", "limit", limit, "value", (json_int_t)value));
}

const char *wl_call_text(const struct wl_call *c, const char *name)
{
	return json_string_value(json_object_get(c->parameters, name));
}

/*
 * What comes next, and who does it (weighlockd): the line `Next:` of every answer.
 *
 * A table of states for transfers, a table of obstacles for the station; sentences are rendered in
 * the language of whoever asks. Pure over what the broker knows.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/broker/broker.h"
#include "daemon/broker/language.h"
#include "daemon/broker/objects.h"

struct next {
	const char *actor;
	const char *command; /* %llu: the transfer's number; NULL: typing would not help */
	const char *words;
};

static const struct next of_state[WL_STATE_MAX] = {
        [WL_OPENED] = {"opener", "weighlock watch %llu",
                       N_("Plug the vendor's stick into a port for sources.")},
        [WL_READING] = {"station", "weighlock watch %llu",
                        N_("The stick is being read: leave it in.")},
        [WL_INSPECTING] = {"station", "weighlock watch %llu",
                           N_("What was read is being checked.")},
        [WL_WAITING] = {"approver", "weighlock approve %llu",
                        N_("Another person, an approver, must agree.")},
        [WL_APPROVED] = {"opener", "weighlock release %llu",
                         N_("Plug a prepared medium into a port for destinations and release.")},
        [WL_RELEASING] = {"station", "weighlock watch %llu",
                          N_("The medium is being written: leave it in.")},
        [WL_RELEASED] = {"technician", "weighlock outcome %llu",
                         N_("Take the medium to the device, then say what it did with it.")},
        [WL_FAILED] = {"opener", "weighlock retry %llu",
                       N_("Something went wrong inside the station: try again, or cancel.")},
};

/* Where an export wants something else than an update. */
static const struct next of_export[WL_STATE_MAX] = {
        [WL_OPENED] = {"opener", "weighlock watch %llu",
                       N_("Plug the scanner's stick into a port for sources.")},
        [WL_INSPECTING] = {"station", "weighlock watch %llu",
                           N_("The pictures are being rebuilt and sealed.")},
        [WL_RELEASED] = {"investigator", "weighlock acknowledge %llu",
                         N_("Hand the medium over; when the recipient has it, bring in the "
                            "acknowledgement.")},
};

/* After a fault the same state wants something else. */
static const struct next opened_stopped = {"opener", "weighlock retry %llu",
                                           N_("Plug the stick in again, then go on.")};
static const struct next opened_several = {
        "opener", "weighlock cancel %llu",
        N_("Take out all sticks but one; or cancel, and say the port when you receive again.")};
static const struct next no_room = {"opener", "weighlock transfers --by-size",
                                    N_("Make room: cancel a transfer that is no longer needed, or "
                                       "ask the administrator for a larger "
                                       "store. Then: weighlock retry.")};
static const struct next approved_stopped = {
        "opener", "weighlock prepare",
        N_("The medium is not released: do not use it. Prepare it again, then release again.")};
/* Of several outputs one is out: each has a medium of its own. */
static const struct next approved_more = {"opener", "weighlock release %llu",
                                          N_("One output is written, another still waits: plug "
                                             "another prepared medium into a port for "
                                             "destinations, and release again.")};

static bool has_released(const struct wl_transfer *t)
{
	for (unsigned i = 0; i < t->noutputs; i++)
		if (t->outputs[i].released)
			return true;
	return false;
}

static bool lacks_room(const struct wl_tracked *x)
{
	if (x->t->state == WL_OPENED && x->hint != WL_RULE_NONE)
		return x->hint == WL_RULE_STATION_VAULT_FULL;
	return (x->t->state == WL_OPENED || x->t->state == WL_FAILED) &&
	       x->t->rule == WL_RULE_STATION_VAULT_FULL;
}

static const struct next *next_of(const struct wl_tracked *x)
{
	if (lacks_room(x))
		return &no_room;
	if (x->t->state == WL_OPENED && x->hint == WL_RULE_MEDIUM_SEVERAL)
		return &opened_several;
	if (x->t->state == WL_OPENED &&
	    (x->tried[0] || (x->t->rule != WL_RULE_NONE && x->t->insertion[0])))
		return &opened_stopped;
	if (x->t->state == WL_APPROVED && x->had_intent && x->t->rule != WL_RULE_NONE &&
	    wl_rule_row(x->t->rule)->verdict == WL_REFUSE)
		return &approved_stopped;
	if (x->t->state == WL_APPROVED && has_released(x->t))
		return &approved_more;
	if (x->t->outbound && of_export[x->t->state].actor)
		return &of_export[x->t->state];
	return &of_state[x->t->state];
}

static void set_next(json_t *o, const struct next *n, unsigned long long number,
                     const char *language)
{
	char command[64];
	if (!n->actor)
		return;
	wl_object_text(o, "next_actor", n->actor);
	if (n->command) {
		if (strstr(n->command, "%llu"))
			(void)snprintf(command, sizeof(command), "%.*s%llu",
			               (int)(strstr(n->command, "%llu") - n->command), n->command,
			               number);
		else
			(void)snprintf(command, sizeof(command), "%s", n->command);
		wl_object_text(o, "next_command", command);
	}
	wl_language_use(language);
	wl_object_text(o, "next_words", _(n->words));
}

void wl_next_of_transfer(struct wl_broker *b, const struct wl_tracked *x, const char *language,
                         json_t *object)
{
	(void)b;
	const struct next *n = next_of(x);
	char command[128];
	set_next(object, n, x->t->number, language);
	if (n != &approved_stopped || !x->t->noutputs)
		return;
	const struct wl_output *last = &x->t->outputs[0];
	for (unsigned i = 0; i < x->t->noutputs; i++)
		if (!x->t->outputs[i].released && x->t->outputs[i].destination_port[0])
			last = &x->t->outputs[i];
	(void)snprintf(command, sizeof(command), "%s %s --for %s", n->command,
	               last->destination_port, wl_transfer_text(x->t, "device"));
	wl_object_text(object, "next_command", command);
}

/* ---- the station ---- */

static const struct next no_keys = {"setup", "weighlock station init",
                                    N_("Make the station's keys.")};
static const struct next unconfirmed = {
        "setup", "weighlock station confirm FINGERPRINT",
        N_("Another member of weighlock-setup compares the fingerprint and confirms it.")};
static const struct next no_policy = {"setup", "weighlock policy install",
                                      N_("Install the first policy.")};
static const struct next doctor = {"administrator", "weighlock doctor",
                                   N_("Find out which part of the station does not run.")};
static const struct next proposed = {
        "administrator", "weighlock policy confirm %llu",
        N_("A second administrator must confirm the proposed policy.")};
static const struct next wait_for_clock = {
        "administrator", "weighlock doctor",
        N_("The clock is behind: set it, then transfers go on.")};

static const struct next alarmed = {
        "administrator", "weighlock station settle",
        N_("Keep the medium, call the auditor, and settle the alarm with a second administrator.")};
static const struct next retired = {"auditor", "weighlock ledger export",
                                    N_("This station is retired: take its ledger away.")};

static const struct next *next_of_station(const struct wl_broker *b)
{
	enum wl_rule rule = wl_station_obstacle(b);
	switch ((unsigned)rule) {
	case WL_RULE_NONE:
		break;
	case WL_RULE_STATION_NO_KEYS:
		return b->init_fingerprint[0] ? &unconfirmed : &no_keys;
	case WL_RULE_STATION_NO_POLICY:
		return b->nproposals ? &proposed : &no_policy;
	case WL_RULE_STATION_LEDGER_ROLLED_BACK:
	case WL_RULE_STATION_LEDGER_FORKED:
		return &alarmed;
	case WL_RULE_STATION_RETIRED:
		return &retired;
	case WL_RULE_STATION_CLOCK_BEHIND:
		return &wait_for_clock;
	default:
		return &doctor;
	}
	if (!b->spawn_there || !wl_media_is_connected(b->media))
		return &doctor;
	return b->nproposals ? &proposed : NULL;
}

void wl_next_of_station(struct wl_broker *b, const char *language, json_t *object)
{
	const struct next *n = next_of_station(b);
	if (n)
		set_next(object, n, b->nproposals ? b->proposals[0].version : 0, language);
}

/*
 * A policy in memory: reading it, finding things in it, giving it back.
 *
 * The bytes were signed by the policy authority (station) or are the user's own file (offline). A
 * policy is read whole or refused whole; once read it never changes, so that every decision of a
 * transfer is made under one and the same policy, named by its digest. Runs in the broker and in
 * the offline client; what is durable is the file, not this.
 */
#include "policy/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "policy/check.h"
#include "policy/schema.h"
#include "policy/yaml_read.h"

/* What stands where the policy is silent. */
static void set_defaults(struct wl_policy *p)
{
	p->station.languages = WL_LANGUAGE_EN | WL_LANGUAGE_FR;
	p->outbound.approvals = 1;
	p->outbound.transfer_pictures = WL_TRANSFER_FILES_MAX;
	p->outbound.transfer_bytes = WL_TRANSFER_BYTES_MAX;
	p->outbound.day_pictures = UINT64_MAX;
	p->visits.confirm_every_s = 1800;
	p->visits.escorts = WL_ESCORT_ANY;
	p->ledger.cosignature_max_age_s = UINT64_C(365) * 86400;
	p->limits.transfer_files = WL_TRANSFER_FILES_MAX;
	p->limits.transfer_bytes = WL_TRANSFER_BYTES_MAX;
	p->limits.image_side = WL_IMAGE_SIDE_MAX;
}

static void set_device_defaults(struct wl_policy *p)
{
	for (size_t i = 0; i < p->ndevices; i++) {
		struct wl_policy_device *d = &p->devices[i];
		if (d->delivery_note == 0)
			d->delivery_note = WL_NOTE_STATION;
		if (d->mask_unknown_size == 0)
			d->mask_unknown_size = WL_UNKNOWN_SIZE_REFUSE;
	}
}

int wl_policy_read(const void *p, size_t n, struct wl_policy **ret,
                   struct wl_policy_errors *ret_errors)
{
	WL_CLEANUP(wl_policy_cleanup) struct wl_policy *policy = calloc(1, sizeof(*policy));
	WL_CLEANUP(wl_yaml_cleanup) struct wl_yaml_node *root = NULL;
	memset(ret_errors, 0, sizeof(*ret_errors));
	if (!policy)
		return -ENOMEM;
	int r = wl_yaml_read(p, n, &root, ret_errors);
	if (r < 0)
		return r;
	set_defaults(policy);
	r = wl_schema_fill(root, policy, ret_errors);
	if (r < 0)
		return r;
	set_device_defaults(policy);
	bool complete = ret_errors->errors == 0;
	wl_policy_check_references(policy, complete, ret_errors);
	if (complete) { /* else most of what they found would follow from what was said already */
		wl_policy_check_people(policy, ret_errors);
		wl_policy_check_mode(policy, ret_errors);
	}
	if (ret_errors->errors > 0)
		return -EBADMSG;
	r = wl_sha256_of(p, n, policy->sha256);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(policy);
	return 0;
}

static void free_texts(struct wl_policy_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
}

static void free_devices(struct wl_policy *p)
{
	for (size_t i = 0; i < p->ndevices; i++) {
		struct wl_policy_device *d = &p->devices[i];
		for (size_t j = 0; j < d->nmasks; j++)
			free(d->masks[j].why);
		free(d->masks);
		free(d->floors);
		free(d->model);
		free(d->serial);
		free(d->scan_path);
	}
	free(p->devices);
}

struct wl_policy *wl_policy_free(struct wl_policy *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->npeople; i++) {
		free_texts(&p->people[i].accounts);
		free_texts(&p->people[i].qualified);
	}
	for (size_t i = 0; i < p->visits.norganisations; i++) {
		free(p->visits.organisations[i].name);
		free_texts(&p->visits.organisations[i].vendors);
		free_texts(&p->visits.organisations[i].engineers);
	}
	free(p->visits.organisations);
	for (size_t i = 0; i < p->nports; i++)
		free(p->ports[i].match);
	for (size_t i = 0; i < p->ntrust; i++) {
		free(p->trust[i].certificate);
		free(p->trust[i].issuer);
		free(p->trust[i].vkey);
	}
	for (size_t i = 0; i < p->nvendors; i++) {
		free_texts(&p->vendors[i].anchors);
		free(p->vendors[i].folder);
	}
	free_devices(p);
	free_texts(&p->outbound.authorities);
	free_texts(&p->outbound.recipients);
	free(p->people);
	free(p->conflicts);
	free(p->ports);
	free(p->trust);
	free(p->vendors);
	free(p->station.origin);
	free(p);
	return NULL;
}

void wl_policy_cleanup(struct wl_policy **p)
{
	*p = wl_policy_free(*p);
}

/* ---- finding ---- */

#define FIND(array, count, compare)                                                                \
	do {                                                                                       \
		for (size_t i = 0; id && i < (count); i++)                                         \
			if (compare((array)[i].id, id) == 0)                                       \
				return &(array)[i];                                                \
		return NULL;                                                                       \
	} while (0)

const struct wl_policy_person *wl_policy_person(const struct wl_policy *p, const char *id)
{
	FIND(p->people, p->npeople, strcmp);
}

const struct wl_policy_port *wl_policy_port(const struct wl_policy *p, const char *id)
{
	FIND(p->ports, p->nports, strcasecmp);
}

const struct wl_policy_trust *wl_policy_trust(const struct wl_policy *p, const char *id)
{
	FIND(p->trust, p->ntrust, strcmp);
}

const struct wl_policy_vendor *wl_policy_vendor(const struct wl_policy *p, const char *id)
{
	FIND(p->vendors, p->nvendors, strcmp);
}

const struct wl_policy_device *wl_policy_device(const struct wl_policy *p, const char *id)
{
	FIND(p->devices, p->ndevices, strcasecmp);
}

static bool is_account(const char *account, uid_t uid, const char *name)
{
	char number[24];
	if (strncmp(account, "uid:", 4) != 0)
		return name && strcmp(account, name) == 0;
	(void)snprintf(number, sizeof(number), "uid:%u", (unsigned)uid);
	return strcmp(account, number) == 0;
}

const struct wl_policy_person *wl_policy_person_of(const struct wl_policy *p, uid_t uid,
                                                   const char *name)
{
	for (size_t i = 0; i < p->npeople; i++)
		for (size_t j = 0; j < p->people[i].accounts.n; j++)
			if (is_account(p->people[i].accounts.v[j], uid, name))
				return &p->people[i];
	return NULL;
}

uint64_t wl_policy_floor(const struct wl_policy_device *d, const char *component)
{
	for (size_t i = 0; i < d->nfloors; i++)
		if (strcmp(d->floors[i].id, component) == 0)
			return d->floors[i].release;
	return 0;
}

/* ---- words ---- */

const char *wl_mode_name(enum wl_mode mode)
{
	return wl_word_name(WORDS_MODE, mode);
}

const char *wl_person_role_name(enum wl_person_role one_bit)
{
	return wl_word_name(WORDS_ROLE, one_bit);
}

unsigned wl_person_role_of(const char *name)
{
	const struct wl_word_row *row = wl_word_find(WORDS_ROLE, name);
	return row ? row->value : 0;
}

const char *wl_port_use_name(enum wl_port_use use)
{
	return wl_word_name(WORDS_USE, use);
}

const char *wl_signature_format_name(enum wl_signature_format f)
{
	return wl_word_name(WORDS_SIGNATURE, f);
}

const char *wl_demand_name(enum wl_demand d)
{
	return wl_word_name(WORDS_DEMAND, d);
}

const char *wl_volume_format_name(enum wl_volume_format f)
{
	return wl_word_name(WORDS_VOLUME, f);
}

const char *wl_names_profile_name(enum wl_names_profile n)
{
	return wl_word_name(WORDS_NAMES, n);
}

const char *wl_archive_format_name(enum wl_archive_format one_bit)
{
	return wl_word_name(WORDS_ARCHIVE, one_bit);
}

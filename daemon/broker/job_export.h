/* What the files of an inspection of an export share. Work thread. */
#ifndef WL_BROKER_JOB_EXPORT_H
#define WL_BROKER_JOB_EXPORT_H

#include "daemon/base/work_tools.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/transfer.h"

struct wl_exporting {
	struct wl_bench *bench;
	struct wl_read_task *job;
	const struct wl_policy_device *device;
	const struct wl_items *items;
	uint32_t base;
	const char **exceptions; /* of the TIP state */
	size_t nexceptions;
	struct wl_export_output outputs[WL_OUTPUTS_MAX];
	size_t noutputs;
	struct wl_tools tools[WL_OUTPUTS_MAX]; /* what workers say made them */
	char (*scans)[WL_SCAN_TEXT];           /* of the items kept, sorted */
	size_t nscans;
	json_t *missing;      /* scans asked for and not found */
	uint64_t done, total; /* pieces of work, for the screen */
};

/* One more piece of work is done; -ECANCELED where somebody gave the transfer up. */
int wl_exporting_step(struct wl_exporting *x);

/* What every line says of its source. */
void wl_export_line_of(const struct wl_exporting *x, const struct wl_item *item,
                       struct wl_export_line *ret);
/* Rebuilds every picture that was kept: lines of `scrubbed`. 0, -EBADMSG (a fault of the station),
 * -ECANCELED. */
int wl_export_pictures(struct wl_exporting *x, struct wl_export_output *o, struct wl_finding *f);
/* Copies or encrypts what leaves into out/, under its last name, with all digests. */
int wl_export_seal(struct wl_exporting *x, struct wl_export_output *o, struct wl_finding *f);
/* The name of a picture before it has its number. */
void wl_export_work_name(const struct wl_export_line *line, char buf[WL_VAULT_NAME_MAX + 1]);

/* transfer.preserved: what is in the vault may go at the scanner. */
int wl_export_record_preserved(struct wl_exporting *x, struct wl_finding *f);
/* Entries and manifests of what was decided. */
int wl_export_record(struct wl_exporting *x, bool anything, struct wl_finding *f);
int wl_export_record_refused(struct wl_exporting *x, enum wl_rule rule, const char *detail,
                             struct wl_finding *f);

#endif

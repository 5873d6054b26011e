/*
 * `scrub`: clean copies of pictures without a station (CLI.md). What is to be done, the pictures as
 * they come out, and how they are shown.
 *
 * One row is one page of one source: a file of several pages has several rows, each with its own
 * output. Outputs are numbered in the order of the digests of their samples (INTERFACES 2), so that
 * neither name nor number says anything of a source.
 */
#ifndef WL_CLIENT_SCRUB_H
#define WL_CLIENT_SCRUB_H

#include "client/offline.h"
#include "daemon/base/work_picture.h"
#include "policy/model.h"

struct wl_scrub_source {
	char *shown;   /* escaped (INTERFACES 2), as in `source` */
	char *path;    /* below `folder` */
	size_t folder; /* which of the folders, or files' folders */
	uint64_t bytes;
};

enum wl_scrub_end { WL_SCRUB_REBUILT = 0, WL_SCRUB_REFUSED, WL_SCRUB_FAULT };

struct wl_scrub_row {
	size_t source;
	uint32_t page; /* from 1 */
	enum wl_scrub_end end;
	int error; /* of a fault */
	struct wl_finding finding;
	struct wl_picture picture;
	bool has_source_sha256;
	uint8_t source_sha256[WL_SHA256_BYTES];
	uint64_t part;   /* its file while it has no number: .part-N */
	uint64_t number; /* of the output, from 1; 0: none */
};

struct wl_scrub {
	const struct wl_cli *cli;
	int *folders; /* descriptors */
	size_t nfolders;
	struct wl_scrub_source *sources;
	size_t nsources;
	struct wl_scrub_row *rows; /* in the order of sources and pages, once all is done */
	size_t nrows, rows_room;
	const char *out_name;
	int out; /* descriptor of OUT */
	bool out_made;
	/* of the policy */
	struct wl_policy *policy; /* NULL: none was given */
	const struct wl_policy_device *device;
	struct wl_picture_mask masks[WL_IMAGE_MASKS_MAX];
	size_t nmasks;
	unsigned formats;
	uint32_t side_max;
};

/* Gathers operands into sources; folders are walked. 0, or the exit status after it was said. */
int wl_scrub_gather(struct wl_scrub *s);
/* Makes OUT, or takes it where it is an empty folder. 0, or the exit status. */
int wl_scrub_open_out(struct wl_scrub *s);
/* Policy, device, masks, formats. 0, or the exit status. */
int wl_scrub_load_policy(struct wl_scrub *s);

/* Rebuilds everything, on as many processors as there are, into .part-N files. 0, or the exit
 * status where nothing could be done at all. */
int wl_scrub_run(struct wl_scrub *s);
/* Gives the rebuilt ones their numbers and names, all with one time. 0 or negative errno. */
int wl_scrub_name_outputs(struct wl_scrub *s);

/* Says how it went; the exit status. */
int wl_scrub_view(const struct wl_scrub *s);

/* "00001.png" */
void wl_scrub_output_name(uint64_t number, char *buf, size_t size);
void wl_scrub_clear(struct wl_scrub *s);

#endif

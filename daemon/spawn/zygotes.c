/*
 * The zygotes that run, one per worker binary, and what they say; see spawnd.h.
 *
 * A zygote reads nothing hostile and is believed about how its jobs ended. If it dies, its jobs
 * died with it (it is process 1 of their namespace), and the next order starts another.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/spawn/spawnd.h"

static const char *const names[WL_BINARIES] = {
        [WL_BINARY_VOLUME] = "worker-volume",   [WL_BINARY_UPDATE] = "worker-update",
        [WL_BINARY_ARCHIVE] = "worker-archive", [WL_BINARY_IMAGE] = "worker-image",
        [WL_BINARY_TOOL] = "worker-tool",
};

static void open_binary(struct wl_spawnd *d, struct wl_zygote_link *z)
{
	if (z->binary < 0)
		z->binary = openat(d->workers_dir, z->name, O_PATH | O_CLOEXEC);
}

void wl_zygotes_open(struct wl_spawnd *d)
{
	for (size_t i = 0; i < WL_BINARIES; i++) {
		d->zygotes[i].name = names[i];
		d->zygotes[i].binary = -1;
		d->zygotes[i].pidfd = -1;
		d->zygotes[i].channel.fd = -1;
		open_binary(d, &d->zygotes[i]);
	}
}

int wl_zygote_get(struct wl_spawnd *d, const char *binary, struct wl_zygote_link **ret,
                  struct wl_finding *ret_why)
{
	for (size_t i = 0; i < WL_BINARIES; i++) {
		struct wl_zygote_link *z = &d->zygotes[i];
		if (strcmp(z->name, binary) != 0)
			continue;
		open_binary(d, z);
		if (z->binary < 0)
			return wl_refuse(ret_why, WL_RULE_STATION_PART_MISSING,
			                 "%s is not installed", binary);
		*ret = z;
		return z->pid ? 0 : wl_zygote_start(d, z, ret_why);
	}
	return wl_refuse(ret_why, WL_RULE_STATION_PART_MISSING, "no binary does this work");
}

void wl_zygote_readable(struct wl_spawnd *d, struct wl_zygote_link *z)
{
	int r = wl_channel_receive(&z->channel, &d->message, 0);

	if (r == -EAGAIN)
		return;
	if (r == 0 && d->message.id == WL_MSG_ZYGOTE_ENDED) {
		wl_jobs_ended(d, &d->message, z);
		return;
	}
	wl_zygote_end(z);
	wl_jobs_zygote_died(d, z);
}

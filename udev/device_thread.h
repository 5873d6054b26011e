/*
 * One thread for everything that may block in the kernel on a device: at most one job at a time.
 *
 * A gate is open at a time on the whole station, so one mailbox of one job is enough; mediad's loop
 * never waits for a stick.
 */
#ifndef WL_UDEV_DEVICE_THREAD_H
#define WL_UDEV_DEVICE_THREAD_H

#include "udev/device.h"

enum wl_device_do { WL_DEVICE_OPEN = 1, WL_DEVICE_SHUT };

struct wl_device_job {
	enum wl_device_do what;
	struct wl_device_pass pass;
	uint64_t timeout_ms; /* shut */
	/* open: media that must be free before */
	unsigned nothers;
	struct {
		struct wl_disk disk;
		struct wl_port port;
	} other[WL_PORTS_MAX];
	/* results */
	int result; /* 0 or negative errno */
	int fd;     /* open */
	bool over;  /* shut: the pass has ended, with or without a finding */
	struct wl_finding finding;
};

struct wl_device_thread;

/* Starts the thread, with every signal blocked. 0 or negative errno. */
int wl_device_thread_start(struct wl_device_thread **ret);

/* Becomes readable when a job has ended. */
int wl_device_thread_fd(const struct wl_device_thread *t);

/* Hands a job over; -EBUSY while one runs. */
int wl_device_thread_submit(struct wl_device_thread *t, const struct wl_device_job *job);

/* The job that has ended; -EAGAIN where none has. Its fd is the caller's. */
int wl_device_thread_collect(struct wl_device_thread *t, struct wl_device_job *ret);

#endif

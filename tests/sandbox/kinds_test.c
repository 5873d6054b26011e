/*
 * A worker binary for tests only, never installed: looks around from inside the sandbox, or behaves
 * as a parser that was taken over. The frame is the real one; the kind is called self-test so that
 * it has a row in the tables, and does what the name in self.test says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/worker/kinds.h"

extern char **environ;

static int say(struct wl_worker *wk, const char *words)
{
	struct wl_finding f;

	(void)wl_refuse(&f, WL_RULE_STATION_WORKER_LIED, "%s", words);
	return wl_worker_finding(wk, 0, &f);
}

/* "3s 4f": which descriptors are open (s socket, f file, c device, p pipe), 0 to 2 left out. */
static int list_descriptors(struct wl_worker *wk)
{
	char words[WL_DETAIL_MAX] = "";
	size_t at = 0;
	struct stat st;

	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
		if (fstat(fd, &st) < 0)
			continue;
		char type = S_ISSOCK(st.st_mode)   ? 's'
		            : S_ISREG(st.st_mode)  ? 'f'
		            : S_ISCHR(st.st_mode)  ? 'c'
		            : S_ISFIFO(st.st_mode) ? 'p'
		                                   : '?';
		at += (size_t)snprintf(words + at, sizeof(words) - at, "%s%d%c", at ? " " : "", fd,
		                       type);
	}
	return say(wk, words);
}

static int list_environment(struct wl_worker *wk)
{
	return say(wk, environ && environ[0] ? environ[0] : "empty");
}

static int read_input(struct wl_worker *wk)
{
	char words[16] = "";
	ssize_t n = pread(WL_WORKER_INPUT_FD, words, sizeof(words) - 1, 0);

	return n < 0 ? -errno : say(wk, words);
}

/* A parser may not write files, even one it was handed open for writing. */
static int write_input(struct wl_worker *wk)
{
	return write(WL_WORKER_INPUT_FD, "x", 1) < 0 ? -errno : say(wk, "written");
}

static int write_beyond(struct wl_worker *wk)
{
	for (int fd = WL_WORKER_AUX_FD + 1; fd < 1024; fd++)
		if (write(fd, "x", 1) >= 0)
			return say(wk, "written");
	return say(wk, "nothing there");
}

static int eat_memory(struct wl_worker *wk)
{
	const size_t piece = 16U << 20;
	size_t have = 0;

	while (have < (4ULL << 30)) {
		char *p = malloc(piece);
		if (!p)
			return -ENOMEM;
		memset(p, 1, piece);
		__asm__ volatile("" : : "r"(p) : "memory"); /* else a compiler asks for nothing */
		have += piece;
	}
	return say(wk, "4 GiB");
}

static int babble(struct wl_worker *wk)
{
	return write(wk->control.fd, "babble", 6) < 0 ? -errno : 0;
}

/* Says what only spawnd may say. */
static int impersonate(struct wl_worker *wk)
{
	wl_message_start(wk->out, WL_MSG_WORK_DROP_REPLY, 0);
	return wl_worker_send(wk);
}

static int leave(struct wl_worker *wk)
{
	(void)wk;
	_exit(3);
}

static int leave_politely(struct wl_worker *wk)
{
	(void)wk;
	_exit(0);
}

static int pretend_sandbox(struct wl_worker *wk)
{
	(void)wk;
	_exit(121);
}

static int fall(struct wl_worker *wk)
{
	(void)wk;
	__builtin_trap();
}

static int fault(struct wl_worker *wk)
{
	(void)wk;
	return -ENOSPC;
}

static int wait_for_word(struct wl_worker *wk)
{
	int r = say(wk, "waiting");

	if (r == 0)
		r = wl_worker_receive(wk);
	return r;
}

static const struct {
	const char *name;
	int (*act)(struct wl_worker *wk);
} acts[] = {
        {"descriptors", list_descriptors},
        {"environment", list_environment},
        {"read-input", read_input},
        {"write-input", write_input},
        {"write-beyond", write_beyond},
        {"memory", eat_memory},
        {"babble", babble},
        {"impersonate", impersonate},
        {"leave", leave},
        {"leave-politely", leave_politely},
        {"pretend-sandbox", pretend_sandbox},
        {"fall", fall},
        {"fault", fault},
        {"wait", wait_for_word},
};

static int run(struct wl_worker *wk)
{
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	for (size_t i = 0; i < WL_ARRAY_LEN(acts); i++)
		if (strcmp(acts[i].name, wl_message_text(wk->in, WL_T_NAME)) == 0)
			return acts[i].act(wk);
	return -ENOENT;
}

const struct wl_work_kind wl_work_kinds[] = {
        {"self-test", NULL, run, WL_MAY_NOT_WRITE},
        {NULL, NULL, NULL, WL_MAY_WRITE},
};

/*
 * Names a forbidden system call, in sanitizer builds only; see frame.h.
 *
 * A filter that kills says nothing about the call, so whoever extends a kind would grope in the
 * dark. The sanitizer build traps instead, writes the number, and makes another forbidden call:
 * with SIGSYS blocked inside its own handler that is certain death by SIGSYS.
 */
#include "daemon/worker/frame.h"

#ifdef WL_SANITIZERS
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* No leak check (it would ptrace), and no reaction of its own to SIGSYS. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "detect_leaks=0:handle_segv=1:allow_user_segv_handler=1";
}

static void explain(int sig, siginfo_t *info, void *context)
{
	char text[80];

	(void)context;
	int n = snprintf(text, sizeof(text), "worker: forbidden system call %d (signal %d)\n",
	                 info->si_syscall, sig);
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		_exit(1);
	for (;;)
		(void)syscall(SYS_getppid, 0, 0); /* never allowed in a job */
}

void wl_frame_explain_kills(void)
{
	struct sigaction act = {.sa_sigaction = explain, .sa_flags = SA_SIGINFO};

	(void)sigaction(SIGSYS, &act, NULL);
}
#else
void wl_frame_explain_kills(void)
{
}
#endif

/*
 * What a worker may use: memory, time, descriptors, processes, files; and what it gives up.
 *
 * Runs in the worker before any byte from outside. A compromised worker can spend these limits and
 * no more. Under AddressSanitizer the limit on address space is left out, because its shadow takes
 * terabytes of it (the one relaxation here; such a build is not for a station).
 */
#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/spawn/sandbox_parts.h"

#define ZYGOTE_FILES 64
#define JOB_FILES    48
#define CPU_SPARE_S  2
#define MDWE_OPTION  65 /* PR_SET_MDWE, kernel 6.3 */
#define MDWE_NO_EXEC 1UL

#ifdef WL_SANITIZERS
#define ADDRESS_SPACE    RLIM_INFINITY
#define JOB_FILE_SIZE(n) RLIM_INFINITY /* its reports go to standard error, which may be a file */
#else
#define ADDRESS_SPACE    WL_WORKER_MEMORY_BYTES_MAX
#define JOB_FILE_SIZE(n) (n)
#endif

struct limit {
	int resource;
	rlim_t value;
};

static int apply(const struct limit *limits, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rlimit both = {limits[i].value, limits[i].value};
		if (setrlimit((__rlimit_resource_t)limits[i].resource, &both) < 0)
			return -errno;
	}
	return 0;
}

int wl_sandbox_limit_zygote(void)
{
	static const struct limit limits[] = {
	        {RLIMIT_AS, ADDRESS_SPACE}, {RLIMIT_CORE, 0},     {RLIMIT_NOFILE, ZYGOTE_FILES},
	        {RLIMIT_MEMLOCK, 0},        {RLIMIT_MSGQUEUE, 0}, {RLIMIT_RTPRIO, 0},
	};

	return apply(limits, WL_ARRAY_LEN(limits));
}

int wl_sandbox_limit_job(uint64_t file_bytes_max, uint64_t deadline_ms)
{
	const struct limit limits[] = {
	        {RLIMIT_CPU, deadline_ms / 1000 + CPU_SPARE_S},
	        {RLIMIT_NOFILE, JOB_FILES},
	        {RLIMIT_NPROC, 0},
	        {RLIMIT_FSIZE, JOB_FILE_SIZE(file_bytes_max)},
	};

	return apply(limits, file_bytes_max == UINT64_MAX ? WL_ARRAY_LEN(limits) - 1
	                                                  : WL_ARRAY_LEN(limits));
}

int wl_sandbox_no_new_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int wl_sandbox_drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	return capng_apply(CAPNG_SELECT_ALL) < 0 ? -EPERM : 0;
}

int wl_sandbox_hide_memory(void)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	(void)prctl(MDWE_OPTION, MDWE_NO_EXEC, 0, 0, 0); /* the filter forbids it in any case */
	return 0;
}

/*
 * The two filters of a worker, made from seccomp_table.def by libseccomp; see sandbox.h.
 *
 * The zygote's filter allows what any kind needs (a filter only ever narrows), the job's only what
 * its own kind needs. Job filters are compiled to BPF before the first filter goes on, because
 * compiling needs calls that are then forbidden, and because it costs more than loading.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/spawn/sandbox.h"
#include "daemon/spawn/sandbox_parts.h"

#define PROGRAM_BYTES_MAX WL_KIB(32)

/* In a sanitizer build the frame names the call in a SIGSYS handler; it dies all the same. */
#ifdef WL_SANITIZERS
#define OTHERWISE SCMP_ACT_TRAP
#else
#define OTHERWISE SCMP_ACT_KILL_PROCESS
#endif

enum check_kind { CHECK_ANY = 0, CHECK_MASKED_ZERO, CHECK_EQ };

struct check {
	enum check_kind kind;
	unsigned argument;
	uint64_t value;
};

#define ANY                                                                                        \
	{                                                                                          \
		CHECK_ANY, 0, 0                                                                    \
	}
#define NO_EXEC                                                                                    \
	{                                                                                          \
		CHECK_MASKED_ZERO, 2, PROT_EXEC                                                    \
	}
#define EQ(a, v)                                                                                   \
	{                                                                                          \
		CHECK_EQ, (a), (uint64_t)(v)                                                       \
	}
#define NO_PATH EQ(3, AT_EMPTY_PATH)

static const struct row {
	const char *who;
	int call;
	struct check check;
} rows[] = {
#define SYSCALL(who, call, ...) {who, SCMP_SYS(call), __VA_ARGS__},
#include "daemon/spawn/seccomp_table.def"
#undef SYSCALL
};

struct wl_filter {
	struct sock_fprog program;
	struct sock_filter *code;
};

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
	*ctx = NULL;
}

static int add_row(scmp_filter_ctx ctx, const struct row *row)
{
	const struct check *c = &row->check;
	struct scmp_arg_cmp compare = {.arg = c->argument, .op = SCMP_CMP_MASKED_EQ};

	if (c->kind == CHECK_ANY)
		return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, row->call, 0, NULL);
	/* compared in the low 32 bits only: the kernel takes these arguments as int */
	compare.datum_a = c->kind == CHECK_EQ ? UINT32_MAX : c->value;
	compare.datum_b = c->kind == CHECK_EQ ? c->value : 0;
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, row->call, 1, &compare);
}

/* The filter of `kind`, or of the zygote (and with it of every kind) where kind is NULL. */
static int make(const char *kind, scmp_filter_ctx *ret)
{
	WL_CLEANUP(release) scmp_filter_ctx ctx = seccomp_init(OTHERWISE);
	bool known = kind == NULL;

	if (!ctx)
		return -ENOMEM;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		bool own = kind && strcmp(rows[i].who, kind) == 0;
		if (kind && !own && strcmp(rows[i].who, "all") != 0)
			continue;
		known = known || own;
		int r = add_row(ctx, &rows[i]);
		if (r < 0 && r != -EEXIST)
			return r;
	}
	if (!known)
		return -ENOENT;
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(ctx);
	return 0;
}

int wl_filter_compile(const char *kind, struct wl_filter **ret)
{
	WL_CLEANUP(release) scmp_filter_ctx ctx = NULL;
	WL_AUTO_FREE void *code = NULL;
	size_t size = 0;
	int r = make(kind, &ctx);

	if (r < 0)
		return r;
	WL_AUTO_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (r == 0)
		r = wl_fd_read_all(fd, PROGRAM_BYTES_MAX, &code, &size);
	if (r < 0)
		return r;
	struct wl_filter *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->code = TAKE_PTR(code);
	f->program.filter = f->code;
	f->program.len = (unsigned short)(size / sizeof(struct sock_filter));
	*ret = f;
	return 0;
}

struct wl_filter *wl_filter_free(struct wl_filter *f)
{
	if (f) {
		free(f->code);
		free(f);
	}
	return NULL;
}

int wl_sandbox_filter_zygote(void)
{
	WL_CLEANUP(release) scmp_filter_ctx ctx = NULL;
	int r = make(NULL, &ctx);

	return r < 0 ? r : seccomp_load(ctx);
}

int wl_sandbox_tighten(const struct wl_filter *f, uint64_t file_bytes_max, uint64_t deadline_ms,
                       const char **ret_step)
{
	int r = wl_sandbox_limit_job(file_bytes_max, deadline_ms);

	*ret_step = "limits of the job";
	if (r < 0)
		return r;
	*ret_step = "seccomp of the job";
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &f->program) < 0)
		return -errno;
	return 0;
}

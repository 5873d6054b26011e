/*
 * The folders of policies (weighlockd).
 *
 * Files come here only after a worker has checked their signature, and nothing from a medium ever
 * does. Names of files are plain (no '/'), checked where they come in. When power goes between the
 * entry policy.loaded and the new `current`, the next start finds by the digest in the ledger which
 * version is in force and mends the link.
 */
#include "daemon/broker/policy_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

#define VERSION_TEXT 48

struct wl_policy_ref *wl_policy_hold(struct wl_policy_ref *p)
{
	if (p)
		atomic_fetch_add(&p->refs, 1);
	return p;
}

void wl_policy_release(struct wl_policy_ref **p)
{
	struct wl_policy_ref *ref = *p;
	*p = NULL;
	if (!ref || atomic_fetch_sub(&ref->refs, 1) > 1)
		return;
	wl_policy_free(ref->policy);
	wl_cleanup_close(&ref->folder_fd);
	free(ref);
}

int wl_policy_load(int store_fd, const char *name, const uint8_t *sha256,
                   struct wl_policy_ref **ret, struct wl_policy_errors *ret_errors)
{
	WL_AUTO_FREE void *text = NULL;
	WL_AUTO_FREE struct wl_policy_errors *errors = calloc(1, sizeof(*errors));
	uint8_t digest[WL_SHA256_BYTES];
	size_t n = 0;
	WL_AUTO_CLOSE int fd = openat(store_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !errors)
		return errors ? -errno : -ENOMEM;
	int r = wl_file_read(fd, "policy.yaml", WL_POLICY_BYTES_MAX, &text, &n);
	if (r == 0)
		r = wl_sha256_of(text, n, digest);
	if (r < 0)
		return r;
	if (sha256 && memcmp(sha256, digest, sizeof(digest)) != 0)
		return -EBADMSG;
	struct wl_policy_ref *ref = calloc(1, sizeof(*ref));
	if (!ref)
		return -ENOMEM;
	atomic_init(&ref->refs, 1);
	ref->folder_fd = -1;
	r = wl_policy_read(text, n, &ref->policy, ret_errors ? ret_errors : errors);
	if (r < 0) {
		free(ref);
		return r;
	}
	ref->folder_fd = TAKE_FD(fd);
	*ret = ref;
	return 0;
}

static void proposal(uint64_t version, char buf[VERSION_TEXT])
{
	(void)snprintf(buf, VERSION_TEXT, "proposed/%llu", (unsigned long long)version);
}

void wl_policy_store_forget(int store_fd, uint64_t version)
{
	char name[VERSION_TEXT];
	proposal(version, name);
	int fd = openat(store_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		wl_cleanup_close(&fd);
		return;
	}
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			(void)unlinkat(dirfd(d), e->d_name, 0);
	(void)closedir(d);
	(void)unlinkat(store_fd, name, AT_REMOVEDIR);
}

int wl_policy_store_propose(int store_fd, uint64_t version, const struct wl_policy_upload *files,
                            size_t n)
{
	char name[VERSION_TEXT];
	wl_policy_store_forget(store_fd, version);
	proposal(version, name);
	if (mkdirat(store_fd, "proposed", 0750) < 0 && errno != EEXIST)
		return -errno;
	if (mkdirat(store_fd, name, 0750) < 0)
		return -errno;
	WL_AUTO_CLOSE int fd = openat(store_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		int r = wl_file_replace(fd, files[i].name, files[i].p, files[i].n, 0440);
		if (r < 0)
			return r;
	}
	WL_AUTO_CLOSE int above = openat(store_fd, "proposed", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return above < 0 || fsync(above) < 0 || fsync(store_fd) < 0 ? -errno : 0;
}

int wl_policy_store_install(int store_fd, uint64_t version)
{
	char from[VERSION_TEXT], to[VERSION_TEXT];
	proposal(version, from);
	(void)snprintf(to, sizeof(to), "%llu", (unsigned long long)version);
	if (renameat(store_fd, from, store_fd, to) < 0 && errno != ENOENT)
		return -errno;
	if (unlinkat(store_fd, "current.new", 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(to, store_fd, "current.new") < 0 ||
	    renameat(store_fd, "current.new", store_fd, "current") < 0 || fsync(store_fd) < 0)
		return -errno;
	return 0;
}

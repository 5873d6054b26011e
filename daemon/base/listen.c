/*
 * Listening, accepting and connecting on AF_UNIX sockets; see channel.h.
 *
 * Whoever may enter the socket's folder may connect: who that is, is read from the kernel
 * (SO_PEERCRED), never from the peer. A socket left by a process that died is removed; anything
 * else in its place is an error. Runs in the daemons and, connecting, in their clients.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/channel.h"
#include "daemon/base/cleanup.h"

#define LISTEN_FDS_START 3

static int address(const char *path, struct sockaddr_un *ret, socklen_t *ret_size)
{
	size_t n = strlen(path);

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (n == 0 || n >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, n + 1);
	*ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

static int number_of_env(const char *name, long *ret)
{
	const char *s = secure_getenv(name);
	char *end = NULL;

	if (!s || !*s)
		return -ENOENT;
	errno = 0;
	*ret = strtol(s, &end, 10);
	return errno != 0 || *end != 0 ? -EINVAL : 0;
}

/* The descriptor systemd opened for us under `name`; -ENOENT where it did not. */
static int inherited(const char *name, int *ret_fd)
{
	long pid = 0, count = 0;
	const char *names = secure_getenv("LISTEN_FDNAMES");

	if (!names || number_of_env("LISTEN_PID", &pid) < 0 || pid != (long)getpid() ||
	    number_of_env("LISTEN_FDS", &count) < 0 || count < 1 || count > 64)
		return -ENOENT;
	for (int i = 0; i < (int)count; i++) {
		size_t n = strcspn(names, ":");
		if (n == strlen(name) && strncmp(names, name, n) == 0) {
			int fd = LISTEN_FDS_START + i;
			/* listening anew: whoever connects is shown this process by SO_PEERCRED,
			 * not the service manager, which listened before */
			if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
			    fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || listen(fd, SOMAXCONN) < 0)
				return -errno;
			*ret_fd = fd;
			return 0;
		}
		if (names[n] == 0)
			break;
		names += n + 1;
	}
	return -ENOENT;
}

static int remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlink(path) < 0 ? -errno : 0;
}

int wl_listen(const char *path, const char *name, int type, int *ret_fd)
{
	struct sockaddr_un at;
	socklen_t size = 0;
	int r = inherited(name, ret_fd);

	if (r != -ENOENT)
		return r;
	r = address(path, &at, &size);
	if (r < 0)
		return r;
	r = remove_stale(path);
	if (r < 0)
		return r;
	WL_AUTO_CLOSE int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mode_t before = umask(0117);
	r = bind(fd, (struct sockaddr *)&at, size) < 0 ? -errno : 0;
	(void)umask(before);
	if (r == 0 && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int wl_accept(int listen_fd, int *ret_fd, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid)
{
	WL_AUTO_CLOSE int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred who = {0};
	socklen_t size = sizeof(who);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return -errno;
	if (ret_pid)
		*ret_pid = who.pid;
	if (ret_uid)
		*ret_uid = who.uid;
	if (ret_gid)
		*ret_gid = who.gid;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int wl_channel_connect(struct wl_channel *c, const char *path, uid_t uid, enum wl_peer self,
                       enum wl_peer peer)
{
	struct sockaddr_un at;
	struct ucred who = {0};
	socklen_t size = 0, who_size = sizeof(who);
	int r = address(path, &at, &size);

	if (r < 0)
		return r;
	WL_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_size) < 0)
		return -errno;
	if (uid != (uid_t)-1 && who.uid != uid)
		return -EPERM;
	wl_channel_init(c, TAKE_FD(fd), self, peer);
	return 0;
}

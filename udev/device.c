/*
 * The block device of one insertion; see device.h.
 *
 * Runs in weighlock-mediad with CAP_SYS_ADMIN, in its device thread. Attacker-controlled: when the
 * device goes away, becomes another, or stops answering; every descriptor is therefore checked
 * again after it is open. No byte of content is read here. When power goes, or mediad dies, the
 * kernel forgets claims; a write protection left behind is found and put back at the next start.
 */
#include "udev/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "udev/place.h"

#ifndef BLKGETDISKSEQ /* linux/fs.h since 5.15 */
#define BLKGETDISKSEQ _IOR(0x12, 128, uint64_t)
#endif

#define RETRY_MS          25
#define LOOP_MAJOR_NUMBER 7U

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum wl_rule gone_rule(const struct wl_device_pass *pass)
{
	return pass->write ? WL_RULE_DESTINATION_GONE : WL_RULE_MEDIUM_GONE;
}

/* What an errno of open, ioctl or fsync says about the medium. */
static int refuse_errno(const struct wl_device_pass *pass, int error, const char *doing,
                        struct wl_finding *ret_finding)
{
	static const struct {
		int error;
		bool write_only;
		enum wl_rule rule;
		const char *words;
	} table[] = {
	        {EBUSY, false, WL_RULE_STATION_BUSY, "somebody still holds it"},
	        {EROFS, true, WL_RULE_DESTINATION_WRITE_FAILED, "it is write-protected"},
	        {EACCES, true, WL_RULE_DESTINATION_WRITE_FAILED, "it is write-protected"},
	        {ENOENT, false, WL_RULE_NONE, "it is gone"},
	        {ENXIO, false, WL_RULE_NONE, "it is gone"},
	        {ENODEV, false, WL_RULE_NONE, "it is gone"},
	        {ENOMEDIUM, false, WL_RULE_NONE, "it is gone"},
	        {EXDEV, false, WL_RULE_MEDIUM_PORT_UNKNOWN,
	         "what the node leads to is not a disk in this port"},
	};

	for (unsigned i = 0; i < WL_ARRAY_LEN(table); i++)
		if (table[i].error == error && (pass->write || !table[i].write_only))
			return wl_refuse(ret_finding,
			                 table[i].rule != WL_RULE_NONE ? table[i].rule
			                                               : gone_rule(pass),
			                 "%s in port %s: %s", doing, pass->port.id, table[i].words);
	return wl_refuse(ret_finding,
	                 pass->write ? WL_RULE_DESTINATION_WRITE_FAILED : WL_RULE_MEDIUM_UNREADABLE,
	                 "%s in port %s: %s", doing, pass->port.id, strerrorname_np(error));
}

/* The open description must be what udev showed and the caller asked for. */
static int check_same(const struct wl_device_pass *pass, int fd, struct wl_finding *ret_finding)
{
	struct stat st;
	uint64_t diskseq = 0, bytes = 0;

	if (fstat(fd, &st) < 0 || ioctl(fd, BLKGETDISKSEQ, &diskseq) < 0 ||
	    ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		return refuse_errno(pass, errno, "asking the medium", ret_finding);
	if (!S_ISBLK(st.st_mode) || st.st_rdev != pass->disk.devnum ||
	    diskseq != pass->disk.diskseq)
		return wl_refuse(ret_finding, WL_RULE_MEDIUM_CHANGED,
		                 "port %s holds another medium than the one asked for",
		                 pass->port.id);
	if (bytes == 0)
		return refuse_errno(pass, ENOMEDIUM, "asking the medium", ret_finding);
	if (bytes != pass->disk.bytes)
		return wl_refuse(ret_finding, WL_RULE_MEDIUM_CHANGED,
		                 "the medium in port %s changed its size", pass->port.id);
	return 0;
}

/* Before anything is opened: the node is the disk that was seen, and the kernel says that this one
 * is in the port. -EXDEV where not. */
static int check_place(const struct wl_disk *disk, const struct wl_port *port)
{
	WL_AUTO_CLOSE int fd = open(disk->node, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	char syspath[WL_SYSPATH_TEXT];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISBLK(st.st_mode) || st.st_rdev != disk->devnum)
		return -EXDEV;
	int r = wl_place_of(disk->devnum, syspath);
	if (r < 0)
		return r;
	return wl_place_is_port(port, disk->devnum, syspath) ? 0 : -EXDEV;
}

static int open_node(const struct wl_disk *disk, const struct wl_port *port, int flags)
{
	int r = check_place(disk, port);

	if (r < 0)
		return r;
	int fd = open(disk->node, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return fd;
}

static int set_protection(int fd, bool ro)
{
	int value = ro ? 1 : 0;

	return ioctl(fd, BLKROSET, &value) < 0 ? -errno : 0;
}

/* Sets the protection this pass needs, remembering what was; on a descriptor without claim. */
static int protect(struct wl_device_pass *pass, struct wl_finding *ret_finding)
{
	WL_AUTO_CLOSE int fd = open_node(&pass->disk, &pass->port, O_RDONLY);
	int ro = 0, r;

	if (fd < 0)
		return refuse_errno(pass, -fd, "opening the medium", ret_finding);
	r = check_same(pass, fd, ret_finding);
	if (r < 0)
		return r;
	if (ioctl(fd, BLKROGET, &ro) < 0)
		return refuse_errno(pass, errno, "asking the medium", ret_finding);
	if ((ro != 0) == !pass->write)
		return 0; /* as it should be */
	r = set_protection(fd, !pass->write);
	if (r < 0)
		return refuse_errno(pass, -r, "setting write protection", ret_finding);
	pass->touched = true;
	pass->former_ro = ro != 0;
	return 0;
}

static int claim(const struct wl_device_pass *pass, int *ret_fd, struct wl_finding *ret_finding)
{
	WL_AUTO_CLOSE int fd =
	        open_node(&pass->disk, &pass->port, (pass->write ? O_RDWR : O_RDONLY) | O_EXCL);
	int ro = 0, r;

	if (fd < 0)
		return refuse_errno(pass, -fd, "opening the medium", ret_finding);
	r = check_same(pass, fd, ret_finding);
	if (r < 0)
		return r;
	if (ioctl(fd, BLKROGET, &ro) < 0)
		return refuse_errno(pass, errno, "asking the medium", ret_finding);
	if ((ro != 0) != !pass->write)
		return wl_refuse(ret_finding, WL_RULE_MEDIUM_CHANGED,
		                 "the write protection in port %s was changed by somebody else",
		                 pass->port.id);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int wl_device_open(struct wl_device_pass *pass, int *ret_fd, struct wl_finding *ret_finding)
{
	int r = protect(pass, ret_finding);

	if (r == 0)
		r = claim(pass, ret_fd, ret_finding);
	if (r < 0)
		wl_device_restore(pass);
	return r;
}

/*
 * Whether an O_EXCL open that failed shows that nobody holds the medium: it is gone (its number may
 * be a disk elsewhere by now), or broken (the claim is asked for before the device). Any other
 * error, of descriptors or memory that are short, says nothing, and who says nothing is taken for
 * somebody who holds it.
 */
static bool shows_free(int fd)
{
	static const int errors[] = {ENOENT, ENXIO, ENODEV, ENOMEDIUM, EIO, EXDEV};

	for (unsigned i = 0; i < WL_ARRAY_LEN(errors); i++)
		if (fd == -errors[i])
			return true;
	return fd >= 0;
}

int wl_device_check_free(const struct wl_disk *disk, const struct wl_port *port,
                         struct wl_finding *ret_finding)
{
	WL_AUTO_CLOSE int fd = open_node(disk, port, O_RDONLY | O_EXCL);

	if (shows_free(fd))
		return 0;
	return wl_refuse(ret_finding, WL_RULE_STATION_BUSY,
	                 "the medium in port %s is still held by somebody (%s)", port->id,
	                 strerrorname_np(-fd));
}

/*
 * A protection outlives the medium only where the number does, with loop devices: there it is put
 * back whatever is in them now. Elsewhere a number that came back is another device and is left
 * alone.
 */
void wl_device_restore(struct wl_device_pass *pass)
{
	struct stat st;
	uint64_t diskseq = 0;

	if (!pass->touched)
		return;
	WL_AUTO_CLOSE int fd = open_node(&pass->disk, &pass->port, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_rdev != pass->disk.devnum)
		return;
	if (major(st.st_rdev) != LOOP_MAJOR_NUMBER &&
	    (ioctl(fd, BLKGETDISKSEQ, &diskseq) < 0 || diskseq != pass->disk.diskseq))
		return;
	if (set_protection(fd, pass->former_ro) == 0)
		pass->touched = false;
}

/* Claims it for a moment, O_RDONLY. -EBUSY while somebody holds it, or that is not known. */
static int claim_again(const struct wl_device_pass *pass, uint64_t timeout_ms, int *ret_fd)
{
	int64_t until_ms = now_ms() + (int64_t)timeout_ms;

	for (;;) {
		int fd = open_node(&pass->disk, &pass->port, O_RDONLY | O_EXCL);
		if (fd >= 0)
			*ret_fd = fd;
		if (shows_free(fd))
			return fd < 0 ? fd : 0;
		if (now_ms() >= until_ms)
			return -EBUSY;
		struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
		(void)nanosleep(&pause, NULL);
	}
}

/* Everything written is on the medium, and nothing of it is left in the page cache. */
static int flush(const struct wl_device_pass *pass, int fd, struct wl_finding *ret_finding)
{
	int r = check_same(pass, fd, ret_finding);

	if (r < 0) /* whatever is there now */
		return wl_refuse(ret_finding, WL_RULE_DESTINATION_GONE,
		                 "port %s: the medium was taken out while it was written",
		                 pass->port.id);
	if (fsync(fd) < 0 || ioctl(fd, BLKFLSBUF, 0) < 0)
		return refuse_errno(pass, errno, "flushing the medium", ret_finding);
	return 0;
}

int wl_device_shut(struct wl_device_pass *pass, uint64_t timeout_ms, bool *ret_over,
                   struct wl_finding *ret_finding)
{
	WL_AUTO_CLOSE int fd = -1;
	int r = claim_again(pass, timeout_ms, &fd);

	if (r == -EBUSY) {
		*ret_over = false;
		return refuse_errno(pass, EBUSY, "shutting the gate", ret_finding);
	}
	r = 0; /* gone, or ours: nobody holds it */
	if (pass->write)
		r = fd >= 0 ? flush(pass, fd, ret_finding)
		            : refuse_errno(pass, ENOMEDIUM, "shutting the gate", ret_finding);
	wl_device_restore(pass);
	*ret_over = true;
	return r;
}

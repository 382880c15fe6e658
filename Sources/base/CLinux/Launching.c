#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif
// Of linux/mount.h, which cannot be included beside sys/mount.h everywhere.
enum { SET_FLAG = 0, SET_STRING = 1, CREATE = 6, RECONFIGURE = 7 };
enum { CLOSE_ON_EXEC = 1, PICK_EMPTY_PATH = 8, TREE_CLONE = 1, TREE_RECURSIVE = 0x8000, MOVE_FROM_EMPTY_PATH = 4, NO_SET_USER_ID = 2 };

static int checked(long result) { return result < 0 ? -errno : (int)result; }

int clx_overlay_detached(const char *lower, const char *upper, const char *work) {
  int context = (int)syscall(SYS_fsopen, "overlay", CLOSE_ON_EXEC);
  if (context < 0) return -errno;
  int result = -1;
  if (syscall(SYS_fsconfig, context, SET_STRING, "lowerdir", lower, 0) == 0 && syscall(SYS_fsconfig, context, SET_STRING, "upperdir", upper, 0) == 0 &&
      syscall(SYS_fsconfig, context, SET_STRING, "workdir", work, 0) == 0 && syscall(SYS_fsconfig, context, SET_FLAG, "volatile", NULL, 0) == 0 &&
      syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0) == 0) {
    result = (int)syscall(SYS_fsmount, context, CLOSE_ON_EXEC, 0);
  }
  result = checked(result);
  close(context);
  return result;
}

int clx_attach_below(int tree, int top, const char *name) {
  return checked(syscall(SYS_move_mount, tree, "", top, name, (unsigned)MOVE_FROM_EMPTY_PATH));
}

// A file system with two options.
static int detached(const char *type, const char *first, const char *first_value, const char *second, const char *second_value, unsigned attributes) {
  int context = (int)syscall(SYS_fsopen, type, CLOSE_ON_EXEC);
  if (context < 0) return -errno;
  int result = -1;
  if (syscall(SYS_fsconfig, context, SET_STRING, first, first_value, 0) == 0 && syscall(SYS_fsconfig, context, SET_STRING, second, second_value, 0) == 0 &&
      syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0) == 0) {
    result = (int)syscall(SYS_fsmount, context, CLOSE_ON_EXEC, attributes);
  }
  result = checked(result);
  close(context);
  return result;
}

int clx_devices_detached(void) {
  int devices = detached("tmpfs", "mode", "755", "size", "67108864", NO_SET_USER_ID);
  if (devices < 0) return devices;
  int terminals = detached("devpts", "ptmxmode", "0666", "mode", "620", 0);
  int result = terminals;
  if (terminals >= 0) {
    result = mkdirat(devices, "pts", 0755) < 0 ? -errno : clx_attach_below(terminals, devices, "pts");
    close(terminals);
  }
  if (result >= 0) return devices;
  close(devices);
  return result;
}

int clx_clone_tree(int tree) {
  return checked(syscall(SYS_open_tree, tree, "", (unsigned)(AT_EMPTY_PATH | TREE_CLONE | TREE_RECURSIVE | O_CLOEXEC)));
}

int clx_forget_names(int tree) {
  int context = (int)syscall(SYS_fspick, tree, "", CLOSE_ON_EXEC | PICK_EMPTY_PATH);
  if (context < 0) return -errno;
  int result = checked(syscall(SYS_fsconfig, context, RECONFIGURE, NULL, NULL, 0));
  close(context);
  return result;
}

int clx_directory_state(const char *path, int tree, uint64_t state[CLX_DIRECTORY_STATE]) {
  struct stat info;
  struct statfs system;
  if (lstat(path, &info) < 0 || fstatfs(tree, &system) < 0) return -errno;
  ssize_t attributes = llistxattr(path, NULL, 0);
  uint64_t found[CLX_DIRECTORY_STATE] = {
    info.st_mode, info.st_uid, info.st_gid, info.st_nlink, (uint64_t)info.st_ctim.tv_sec, (uint64_t)info.st_ctim.tv_nsec,
    (uint64_t)info.st_mtim.tv_sec, (uint64_t)info.st_mtim.tv_nsec, (uint64_t)attributes, (uint64_t)system.f_flags,
  };
  memcpy(state, found, sizeof found);
  return 0;
}

int clx_has_attributes(const char *path) {
  ssize_t length = llistxattr(path, NULL, 0);
  return length < 0 && errno != ENOTSUP ? -errno : length > 0;
}

int64_t clx_send_message(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count) {
  char control[CMSG_SPACE(4 * sizeof(int))];
  struct iovec piece = {(void *)bytes, count};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  if (descriptor_count > 0) {
    memset(control, 0, sizeof control);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE((size_t)descriptor_count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN((size_t)descriptor_count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, (size_t)descriptor_count * sizeof(int));
  }
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL); while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

int64_t clx_receive_message(int socket, void *bytes, size_t capacity, int *descriptors, int *descriptor_count) {
  char control[CMSG_SPACE(4 * sizeof(int))];
  struct iovec piece = {bytes, capacity};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t received;
  do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC); while (received < 0 && errno == EINTR);
  *descriptor_count = 0;
  if (received < 0) return -errno;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(descriptors, CMSG_DATA(header), (size_t)count * sizeof(int));
    *descriptor_count = count;
  }
  return received;
}

#define _GNU_SOURCE
#include "CLinux.h"
#include <malloc.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define TREE_CLONE 1
#define TREE_RECURSIVE 0x8000
#define MOVE_FROM_EMPTY_PATH 0x4
#define ATTRIBUTE_READ_ONLY 1

static int checked(long result) { return result < 0 ? -errno : (int)result; }

int clx_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
  return checked(mount(source, target, type, flags, data));
}
int clx_umount_detach(const char *target) { return checked(umount2(target, MNT_DETACH)); }
int clx_pivot_here(void) {
  if (syscall(SYS_pivot_root, ".", ".") < 0) return -errno;
  if (umount2(".", MNT_DETACH) < 0) return -errno;
  return checked(chdir("/"));
}
int clx_mounts_private(void) { return checked(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)); }
int clx_open_tree(const char *path, int recursive) {
  return checked(syscall(SYS_open_tree, AT_FDCWD, path, (unsigned)(TREE_CLONE | O_CLOEXEC | (recursive ? TREE_RECURSIVE : 0))));
}
int clx_attach_tree(int tree, const char *target) {
  return checked(syscall(SYS_move_mount, tree, "", AT_FDCWD, target, (unsigned)MOVE_FROM_EMPTY_PATH));
}
int clx_tree_read_only(int tree) {
  struct {
    uint64_t set, clear, propagation, userns;
  } attributes = {ATTRIBUTE_READ_ONLY, 0, 0, 0};
  return checked(syscall(SYS_mount_setattr, tree, "", (unsigned)(AT_EMPTY_PATH | TREE_RECURSIVE), &attributes, sizeof attributes));
}
int clx_remount_read_only(const char *target) {
  return checked(mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
}
int clx_mknod_char(int directory, const char *name, mode_t mode, unsigned major_number, unsigned minor_number) {
  return checked(mknodat(directory, name, S_IFCHR | mode, makedev(major_number, minor_number)));
}

int clx_pidfd_open(pid_t pid) { return checked(syscall(SYS_pidfd_open, pid, 0)); }
int clx_pidfd_signal(int pidfd, int number) { return checked(syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0)); }
int clx_pidfd_reap(int pidfd, int wait) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  while (waitid((idtype_t)3, (id_t)pidfd, &info, WEXITED | (wait ? 0 : WNOHANG)) < 0) {
    if (errno != EINTR) return -errno;
  }
  if (info.si_pid == 0) return -EAGAIN;
  return info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
}

int clx_set_death_signal(int number) { return checked(prctl(PR_SET_PDEATHSIG, number)); }
int clx_set_subreaper(void) { return checked(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); }
int clx_set_name(const char *name) { return checked(prctl(PR_SET_NAME, name, 0, 0, 0)); }
int clx_close_from(unsigned first) { return checked(syscall(SYS_close_range, first, ~0u, 0u)); }

static void fill(sigset_t *set, uint64_t mask) {
  sigemptyset(set);
  for (int number = 1; number < 64; number++) {
    if (mask >> (number - 1) & 1) sigaddset(set, number);
  }
}
void clx_block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
}
int clx_signalfd(uint64_t mask) {
  sigset_t set;
  fill(&set, mask);
  return checked(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}
int clx_wait_signal(uint64_t mask) {
  sigset_t set;
  fill(&set, mask);
  return checked(sigwaitinfo(&set, NULL));
}
int clx_wait_signal_for(uint64_t mask, int64_t milliseconds) {
  sigset_t set;
  fill(&set, mask);
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  return checked(sigtimedwait(&set, NULL, &time));
}
int clx_join_namespaces(int pidfd, uint64_t namespaces) { return checked(setns(pidfd, (int)namespaces)); }
void clx_ignore_signal(int number) { signal(number, SIG_IGN); }
int clx_pipe(int ends[2]) { return checked(pipe2(ends, O_CLOEXEC)); }
int clx_set_pipe_size(int descriptor, int bytes) { return checked(fcntl(descriptor, F_SETPIPE_SZ, bytes)); }
int clx_set_nonblocking(int descriptor) { return checked(fcntl(descriptor, F_SETFL, O_NONBLOCK)); }
int clx_try_lock(int descriptor) { return checked(flock(descriptor, LOCK_EX | LOCK_NB)); }
int clx_exchange(const char *first, const char *second) {
  return checked(syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, 2u));
}
int64_t clx_write_quietly(int descriptor, const void *bytes, size_t count) {
  sigset_t pipe_signal, before, pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  ssize_t written = write(descriptor, bytes, count);
  int64_t result = written < 0 ? -errno : written;
  if (result == -EPIPE && !sigismember(&pending, SIGPIPE)) {
    struct timespec none = {0, 0};
    while (sigtimedwait(&pipe_signal, NULL, &none) < 0 && errno == EINTR) {}
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return result;
}
int clx_copy_range(int from, int to, size_t count, int64_t *copied) {
  ssize_t result = copy_file_range(from, NULL, to, NULL, count, 0);
  if (result < 0) return -errno;
  *copied = result;
  return 0;
}

int clx_start_thread(void *(*body)(void *), void *context) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, body, context);
  if (error) return -error;
  pthread_detach(thread);
  return 0;
}

int clx_epoll_create(void) { return checked(epoll_create1(EPOLL_CLOEXEC)); }
int clx_epoll_add(int epoll, int descriptor, uint64_t tag) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = tag}};
  return checked(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event));
}
int clx_epoll_remove(int epoll, int descriptor) { return checked(epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL)); }
int clx_epoll_wait(int epoll, uint64_t *tags, int capacity, int timeout_milliseconds) {
  struct epoll_event events[64];
  int count = epoll_wait(epoll, events, capacity < 64 ? capacity : 64, timeout_milliseconds);
  if (count < 0) return -errno;
  for (int index = 0; index < count; index++) tags[index] = events[index].data.u64;
  return count;
}
int clx_eventfd(void) { return checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif
int clx_open_terminal(int ends[2]) {
  int other = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (other < 0) return -errno;
  int locked = 0;
  int terminal = ioctl(other, TIOCSPTLCK, &locked) < 0 ? -1 : ioctl(other, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) {
    int error = errno;
    close(other);
    return -error;
  }
  ends[0] = other;
  ends[1] = terminal;
  return 0;
}
int clx_set_window_size(int descriptor, unsigned short columns, unsigned short rows) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return checked(ioctl(descriptor, TIOCSWINSZ, &size));
}

int clx_wait_exited(int status) { return WIFEXITED(status); }
int clx_wait_code(int status) { return WEXITSTATUS(status); }
int clx_wait_signal_number(int status) { return WTERMSIG(status); }

int clx_sync_file_system(int descriptor) { return syncfs(descriptor) == 0 ? 0 : -errno; }

void clx_trim_memory(void) { malloc_trim(0); }
size_t clx_memory_in_use(void) {
  struct mallinfo2 information = mallinfo2();
  return information.uordblks + information.hblkhd;
}

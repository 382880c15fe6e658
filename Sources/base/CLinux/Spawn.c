#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

pid_t clx_fork(uint64_t namespaces, int *pidfd) {
  struct {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.flags = namespaces | CLONE_PIDFD;
  arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
  // A sibling tells its end as the calling process would.
  arguments.exit_signal = namespaces & CLX_PARENT ? 0 : SIGCHLD;
  long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid >= 0) return (pid_t)pid;
  // Where the limit of processes is reached, the kernel has stored the number of a descriptor that there is none of.
  *pidfd = -1;
  return -errno;
}

// Runs in the vfork child: system calls only.
static int child_setup(const clx_spawn_request *request, volatile int *stage) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < 32; number++) sigaction(number, &action, NULL);

  *stage = CLX_STAGE_DESCRIPTORS;
  int sources[4];
  for (int target = 0; target < 4; target++) {
    int source = request->descriptors[target];
    if (source >= 0 && source < 4 && source != target) {
      source = fcntl(source, F_DUPFD_CLOEXEC, 10);
      if (source < 0) return errno;
    }
    sources[target] = source;
  }
  for (int target = 0; target < 4; target++) {
    int source = sources[target];
    if (source < 0) {
      if (target == 3) {
        close(3);
        continue;
      }
      source = open("/dev/null", target == 0 ? O_RDONLY : O_WRONLY);
      if (source < 0) return errno;
      if (source != target) {
        if (dup2(source, target) < 0) return errno;
        close(source);
      }
    } else if (source == target) {
      if (fcntl(target, F_SETFD, 0) < 0) return errno;
    } else if (dup2(source, target) < 0) {
      return errno;
    }
  }
  if (syscall(SYS_close_range, 4u, ~0u, 0u) < 0) return errno;

  *stage = CLX_STAGE_IDENTITY;
  if (request->session == 1 || request->session == 3) setsid();
  if (request->session == 3) ioctl(0, TIOCSCTTY, 0);
  if (request->session == 2) setpgid(0, 0);
  // Raw calls: the wrappers of glibc would try to change all threads of the parent.
  for (int number = 0; number < 64; number++) {
    // Numbers that the kernel does not know are refused, which is as good.
    if (request->dropped_capabilities >> number & 1) prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
  }
  if (request->group >= 0 || request->user >= 0 || request->group_count > 0) {
    if (syscall(SYS_setgroups, request->group_count, request->groups) < 0 && geteuid() == 0 && errno != EPERM) return errno;
  }
  if (request->group >= 0) {
    gid_t group = (gid_t)request->group;
    if (getegid() != group && syscall(SYS_setresgid, group, group, group) < 0) return errno;
  }
  if (request->user >= 0) {
    uid_t user = (uid_t)request->user;
    if (geteuid() != user && syscall(SYS_setresuid, user, user, user) < 0) return errno;
  }
  if (request->no_new_privileges) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (request->death_signal) prctl(PR_SET_PDEATHSIG, request->death_signal);

  *stage = CLX_STAGE_DIRECTORY;
  if (request->directory && chdir(request->directory) < 0) return errno;

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);

  *stage = CLX_STAGE_EXEC;
  int error = ENOENT;
  for (const char *const *path = request->candidates; *path; path++) {
    execve(*path, request->argv, request->envp);
    if (errno == EACCES) {
      error = EACCES;
    } else if (errno != ENOENT && errno != ENOTDIR) {
      return errno;
    }
  }
  return error;
}

__attribute__((noinline)) pid_t clx_spawn(const clx_spawn_request *request, int *stage) {
  volatile int failure = 0;
  volatile int failed_stage = CLX_STAGE_FORK;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = vfork();
  if (pid == 0) {
    failure = child_setup(request, &failed_stage);
    _exit(127);
  }
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (pid < 0) {
    *stage = CLX_STAGE_FORK;
    return -error;
  }
  if (failure) {
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    *stage = failed_stage;
    return -failure;
  }
  *stage = 0;
  return pid;
}

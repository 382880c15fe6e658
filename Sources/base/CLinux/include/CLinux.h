// Linux system calls that Swift cannot name (no wrapper, or variadic) or must not make itself (between vfork and exec).
// Functions return what the call returns, and -errno instead of -1.
#ifndef ARGOSY_CLINUX_H
#define ARGOSY_CLINUX_H

#include <stdint.h>
#include <sys/types.h>

enum {
  CLX_NEWNS = 0x00020000,
  /// The new process becomes a child of the parent of the calling one.
  CLX_PARENT = 0x00008000,
  CLX_NEWIPC = 0x08000000,
  CLX_NEWUSER = 0x10000000,
  CLX_NEWPID = 0x20000000,
};

/// fork with new namespaces; a pidfd (close-on-exec) is stored for the parent. Only for processes with one thread.
pid_t clx_fork(uint64_t namespaces, int *pidfd);

/// Descriptors the child gets as 0, 1, 2 and 3; -1: /dev/null for 0...2, nothing for 3. All others are closed.
typedef struct {
  /// Paths that are tried in order, ended by NULL; the next one is tried after ENOENT, ENOTDIR and EACCES only.
  const char *const *candidates;
  char *const *argv;
  char *const *envp;
  /// NULL: unchanged.
  const char *directory;
  int descriptors[4];
  /// 1: new session; 2: new process group; 3: new session whose terminal is descriptor 0.
  int session;
  /// Also clears the supplementary groups. -1: unchanged.
  int64_t user;
  int64_t group;
  /// Supplementary groups, set where user or group are given or there are any.
  const unsigned *groups;
  int group_count;
  /// Bit n stands for capability n: taken from the bounding set, so that no program gets it back.
  uint64_t dropped_capabilities;
  /// Programs gain nothing by set-user-ID bits.
  int no_new_privileges;
  /// Signal that the child gets when its parent dies; 0: none.
  int death_signal;
} clx_spawn_request;

/// What failed in the child.
enum { CLX_STAGE_FORK = 1, CLX_STAGE_DESCRIPTORS, CLX_STAGE_IDENTITY, CLX_STAGE_DIRECTORY, CLX_STAGE_EXEC };

/// vfork and exec: signals unblocked and default, umask unchanged. The PID, or -errno with `stage` set.
pid_t clx_spawn(const clx_spawn_request *request, int *stage);

int clx_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
int clx_umount_detach(const char *target);
/// Makes the current directory the root directory and detaches the old one.
int clx_pivot_here(void);
/// Makes all mounts of this mount namespace private.
int clx_mounts_private(void);
/// A detached copy of the mount at `path`, everything below included when `recursive`.
int clx_open_tree(const char *path, int recursive);
/// Attaches a detached mount at `target`.
int clx_attach_tree(int tree, const char *target);
/// Sets a detached mount read-only, recursively.
int clx_tree_read_only(int tree);
/// Remounts the bind mount at `target` read-only (for kernels before 5.12).
int clx_remount_read_only(const char *target);
/// A character device node in an open directory.
int clx_mknod_char(int directory, const char *name, mode_t mode, unsigned major, unsigned minor);

/// An overlay that is mounted nowhere yet, with `volatile`: a descriptor of the detached mount, or -errno (kernels before 5.10).
int clx_overlay_detached(const char *lower, const char *upper, const char *work);
/// A file system for `/dev`, empty but for `pts` with terminals of its own, that is mounted nowhere yet; -errno on kernels before 6.15.
int clx_devices_detached(void);
/// Attaches a detached mount at a name below another detached one; -errno on kernels before 6.15.
int clx_attach_below(int tree, int top, const char *name);
/// A detached copy of a detached mount and of all that is attached below it; -errno on kernels before 6.15.
int clx_clone_tree(int tree);
/// Has the file system behind a mount forget the names that nobody has open, by a reconfiguration that changes nothing.
int clx_forget_names(int tree);
enum { CLX_DIRECTORY_STATE = 10 };
/// What of a directory changes when anything is made, removed or set in or of it, and the flags of the file system behind a mount.
int clx_directory_state(const char *path, int tree, uint64_t state[CLX_DIRECTORY_STATE]);
/// Whether a file has extended attributes: 1, 0 or -errno.
int clx_has_attributes(const char *path);

/// Sends one message with up to four descriptors over a socket; what sendmsg returns, or -errno.
int64_t clx_send_message(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
/// Receives one message and the descriptors with it (close-on-exec, room for four); 0 at the end, or -errno.
int64_t clx_receive_message(int socket, void *bytes, size_t capacity, int *descriptors, int *descriptor_count);

int clx_pidfd_open(pid_t pid);
int clx_pidfd_signal(int pidfd, int signal);
/// Reaps the child behind a pidfd: the raw wait status as waitpid gives it, or -errno; -EAGAIN while it lives and `wait` is 0.
int clx_pidfd_reap(int pidfd, int wait);

int clx_set_death_signal(int signal);
int clx_set_subreaper(void);
int clx_set_name(const char *name);
/// Closes all descriptors from `first` on.
int clx_close_from(unsigned first);
/// Blocks all signals of the calling thread.
void clx_block_signals(void);
/// A signalfd (close-on-exec, non-blocking) for a bit mask in which bit n - 1 stands for signal n.
int clx_signalfd(uint64_t mask);
/// Waits for one of the blocked signals in the mask; its number.
int clx_wait_signal(uint64_t mask);
/// The same for some time; -EAGAIN when none came.
int clx_wait_signal_for(uint64_t mask, int64_t milliseconds);
/// Makes the calling process, which must have one thread, a member of namespaces of the process behind a pidfd; of its PID namespace only
/// the children become members.
int clx_join_namespaces(int pidfd, uint64_t namespaces);
void clx_ignore_signal(int signal);
int clx_pipe(int ends[2]);
int clx_set_pipe_size(int descriptor, int bytes);
int clx_set_nonblocking(int descriptor);
/// flock(LOCK_EX | LOCK_NB): 0, or -EWOULDBLOCK when somebody else holds it.
int clx_try_lock(int descriptor);
/// Exchanges two files atomically.
int clx_exchange(const char *first, const char *second);
/// write that fails with EPIPE instead of raising SIGPIPE; what write returns, or -errno.
int64_t clx_write_quietly(int descriptor, const void *bytes, size_t count);
int clx_copy_range(int from, int to, size_t count, int64_t *copied);

/// A thread that runs `body(context)`, detached.
int clx_start_thread(void *(*body)(void *), void *context);

int clx_epoll_create(void);
/// Watches for readability; the event carries `tag`.
int clx_epoll_add(int epoll, int descriptor, uint64_t tag);
int clx_epoll_remove(int epoll, int descriptor);
/// Up to `capacity` tags of ready descriptors; the count.
int clx_epoll_wait(int epoll, uint64_t *tags, int capacity, int timeout_milliseconds);
int clx_eventfd(void);

/// A new pseudo terminal of the devpts at /dev/pts, close-on-exec: ends[0] is the terminal's other side (non-blocking), ends[1] the terminal.
int clx_open_terminal(int ends[2]);
/// Tells a terminal its size, by either side.
int clx_set_window_size(int descriptor, unsigned short columns, unsigned short rows);

int clx_wait_exited(int status);
int clx_wait_code(int status);
int clx_wait_signal_number(int status);

/// Puts a terminal into a mode where each key is read at once and not shown; signals from keys stay. The mode before comes back with
/// clx_terminal_restore(), and also when a signal ends the process (a crash, SIGHUP, SIGQUIT). One terminal at a
/// time. 0 or -errno.
int clx_terminal_keys(int descriptor);
/// Takes the mode anew where another program changed it meanwhile (after a stop by Ctrl-Z). Does nothing in the background.
void clx_terminal_keys_again(void);
void clx_terminal_restore(void);

/// Writes all of the file system that holds an open file to its disk: 0 or -errno.
int clx_sync_file_system(int descriptor);

/// Gives free memory of the heap back to the system, also what lies between what is in use.
void clx_trim_memory(void);
/// Bytes of the heap that are in use, as the allocator counts them.
size_t clx_memory_in_use(void);

#endif

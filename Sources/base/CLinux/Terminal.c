#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static struct termios original;
static volatile sig_atomic_t terminal = -1;

static const int endings[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGHUP, SIGQUIT, SIGSYS};
enum { ENDINGS = sizeof endings / sizeof endings[0] };

static struct sigaction before[ENDINGS];

static void restore_and_end(int number) {
  if (terminal >= 0) tcsetattr(terminal, TCSANOW, &original);
  // What would have happened without us happens now: the default, or the runtime's report of a crash.
  for (int index = 0; index < ENDINGS; index++) {
    if (endings[index] == number) sigaction(number, &before[index], NULL);
  }
  raise(number);
}

static int take(int descriptor) {
  struct termios mode = original;
  mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  mode.c_cc[VMIN] = 0;
  mode.c_cc[VTIME] = 0;
  return tcsetattr(descriptor, TCSANOW, &mode) == 0 ? 0 : -errno;
}

int clx_terminal_keys(int descriptor) {
  if (tcgetattr(descriptor, &original) != 0) return -errno;
  struct sigaction action = {.sa_handler = restore_and_end, .sa_flags = SA_NODEFER | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  if (terminal < 0) {
    for (int index = 0; index < ENDINGS; index++) sigaction(endings[index], &action, &before[index]);
  }
  terminal = descriptor;
  return take(descriptor);
}

void clx_terminal_keys_again(void) {
  struct termios mode;
  if (terminal < 0 || tcgetpgrp(terminal) != getpgrp()) return;
  if (tcgetattr(terminal, &mode) == 0 && (mode.c_lflag & ICANON)) take(terminal);
}

void clx_terminal_restore(void) {
  if (terminal < 0) return;
  tcsetattr(terminal, TCSANOW, &original);
  terminal = -1;
  for (int index = 0; index < ENDINGS; index++) sigaction(endings[index], &before[index], NULL);
}

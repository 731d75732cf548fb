/*
** Starting a program: see launch.h. posix_spawn neither copies the page tables of this process, however large
** it is, nor needs a pipe to report that there is no such program.
*/
#include "process/launch.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "io/again.h"

extern char **environ;


static int add_files(posix_spawn_file_actions_t *files, const struct coh_launch *l) {
  int i, error = 0;
  for (i = 0; i < COH_STDIO && error == 0; i++)
    error = posix_spawn_file_actions_adddup2(files, l->stdio[i], i);
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(files, COH_STDIO);
  if (error == 0 && l->cwd != NULL) error = posix_spawn_file_actions_addchdir_np(files, l->cwd);
  return error;
}


/*
** SIGPIPE is blocked while tasks run, and a host may ignore it; programs rely on its default. Other signals
** that are ignored stay so, as with nohup.
*/
static int add_attributes(posix_spawnattr_t *attributes, const struct coh_launch *l) {
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  sigset_t mask, defaults;
  int error;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  sigdelset(&mask, SIGPIPE);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  if (l->group) flags |= POSIX_SPAWN_SETPGROUP;
  error = posix_spawnattr_setsigmask(attributes, &mask);
  if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &defaults);
  if (error == 0) error = posix_spawnattr_setpgroup(attributes, 0);
  if (error == 0) error = posix_spawnattr_setflags(attributes, flags);
  return error;
}


/* Why a directory cannot be entered, or 0. */
static int fault_of(const char *cwd) {
  struct stat st;
  if (coh_again(stat(cwd, &st)) < 0) return errno;
  if (!S_ISDIR(st.st_mode)) return ENOTDIR;
  return coh_again(access(cwd, X_OK)) < 0 ? errno : 0;
}


int coh_launch(const struct coh_launch *l, pid_t *pid, bool *in_cwd) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  int error, fault = 0;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  error = add_files(&files, l);
  if (error == 0) error = add_attributes(&attributes, l);
  if (error == 0)
    error = posix_spawnp(pid, l->argv[0], &files, &attributes, l->argv, l->env != NULL ? l->env : environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0 && l->cwd != NULL) fault = fault_of(l->cwd);
  *in_cwd = fault != 0;
  return error == 0 ? 0 : uv_translate_sys_error(fault != 0 ? fault : error);
}

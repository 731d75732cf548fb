/*
** Files that are written as a whole: see target.h.
*/
#include "fs/target.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "fs/regular.h"
#include "fs/request.h"

#define NAME_ROOM sizeof "/.cohort-0123456789abcdef"


/* {{ In place */

/* Open the file, creating it if it does not exist, and record whether that was so. */
static int open_in_place(struct coh_target *t, int flags, mode_t mode) {
  int fd = UV_ENOENT;
  if (!(t->flags & COH_TARGET_EXCLUSIVE)) fd = coh_regular_open(t->path, flags, 0, &t->stat);
  if (fd != UV_ENOENT) return fd;
  fd = coh_regular_open(t->path, flags | O_CREAT | O_EXCL, mode, &t->stat);
  t->created = fd >= 0;
  if (fd != UV_EEXIST || t->flags & COH_TARGET_EXCLUSIVE) return fd;
  return coh_regular_open(t->path, flags | O_CREAT, mode, &t->stat);  /* a link that leads nowhere */
}

/* }} */


/* {{ Atomically */

/* The length of a path's directory, without the last slash. */
static size_t folder_length(const char *path) {
  const char *end = strrchr(path, '/');
  return end != NULL ? (size_t)(end - path) : 0;
}


/* Choose a unique name in the directory of 'real'. */
static int name_temporary(struct coh_target *t) {
  size_t length = folder_length(t->real);
  bool named = strchr(t->real, '/') != NULL;
  uint64_t number;
  if (coh_again(getrandom(&number, sizeof number, 0)) != (ssize_t)sizeof number) return coh_fs_fault();
  t->temporary = malloc(length + NAME_ROOM);
  if (t->temporary == NULL) return UV_ENOMEM;
  memcpy(t->temporary, t->real, length);
  snprintf(t->temporary + length, NAME_ROOM, "%s.cohort-%016" PRIx64, named ? "/" : "", number);
  return 0;
}


/* The new file gets the permissions of the old one. */
static int keep_permissions(struct coh_target *t, const struct stat *old) {
  return coh_fs_result(fchmod(t->fd, old->st_mode & 07777));
}


static int open_beside(struct coh_target *t, int flags, mode_t mode) {
  struct stat old;
  bool is_there = coh_again(stat(t->path, &old)) == 0;
  int status;
  if (is_there && S_ISDIR(old.st_mode)) return UV_EISDIR;
  if (is_there && !S_ISREG(old.st_mode)) return COH_FS_REFUSED;
  if (is_there && t->flags & COH_TARGET_EXCLUSIVE) return UV_EEXIST;
  status = coh_fs_result((t->real = is_there ? realpath(t->path, NULL) : strdup(t->path)) != NULL ? 0 : -1);
  if (status < 0) return status;
  status = name_temporary(t);
  if (status < 0) return status;
  t->fd = coh_regular_open(t->temporary, flags | O_CREAT | O_EXCL, mode, &t->stat);
  if (t->fd < 0) return t->fd;
  return is_there ? keep_permissions(t, &old) : 0;
}


/* Bring a directory's entries to the disk too, where the system supports it. */
static int sync_folder(const char *path) {
  size_t length = folder_length(path);
  char *folder = length > 0 ? strndup(path, length) : strdup(*path == '/' ? "/" : ".");
  int fd, status;
  if (folder == NULL) return UV_ENOMEM;
  fd = coh_fs_result(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  status = fd >= 0 ? coh_fs_result(fsync(fd)) : fd;
  if (fd >= 0 && status == UV_EINVAL) status = 0;
  if (fd >= 0) close(fd);
  free(folder);
  return status;
}


static int move_into_place(struct coh_target *t) {
  bool exclusive = t->flags & COH_TARGET_EXCLUSIVE;
  int status = exclusive ? coh_fs_result(link(t->temporary, t->real))
                         : coh_fs_result(rename(t->temporary, t->real));
  if (status < 0 || exclusive) coh_again(unlink(t->temporary));
  return status < 0 ? status : sync_folder(t->real);
}

/* }} */


static void clear(struct coh_target *t) {
  free(t->real);
  free(t->temporary);
}


int coh_target_open(struct coh_target *t, const char *path, int flags, mode_t mode) {
  int open_flags = O_WRONLY | (flags & COH_TARGET_APPEND ? O_APPEND : 0), status;
  *t = (struct coh_target){.path = path, .flags = flags, .fd = -1};
  if (flags & COH_TARGET_ATOMIC) {
    status = open_beside(t, open_flags, mode);
    return status < 0 ? coh_target_end(t, status) : 0;
  }
  t->fd = open_in_place(t, open_flags, mode);
  return t->fd < 0 ? t->fd : 0;
}


int coh_target_truncate(struct coh_target *t) {
  bool has_size = S_ISREG(t->stat.st_mode) && t->stat.st_size > 0;
  return has_size ? coh_fs_result(ftruncate(t->fd, 0)) : 0;
}


int coh_target_end(struct coh_target *t, int status) {
  bool beside = t->flags & COH_TARGET_ATOMIC;
  if (status == 0 && (beside || t->flags & COH_TARGET_SYNC)) {
    status = coh_fs_result(fsync(t->fd));
    if (status == UV_EINVAL) status = 0;  /* a device */
  }
  if (t->fd >= 0 && close(t->fd) < 0 && errno != EINTR && status == 0) status = coh_fs_fault();
  if (status == 0 && beside) status = move_into_place(t);
  else if (status < 0 && beside && t->fd >= 0) coh_again(unlink(t->temporary));
  else if (status < 0 && t->created) coh_again(unlink(t->path));
  clear(t);
  return status;
}

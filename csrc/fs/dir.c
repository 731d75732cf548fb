/*
** Directories as descriptors: see dir.h. A path of many names is opened in one call where the system has one
** that refuses links (openat2), else name by name, which takes many times as long.
*/
#include "fs/dir.h"

#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined SYS_openat2 && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif


DIR *coh_dir_open(int fd, int *status) {
  DIR *dir;
  *status = coh_fs_result((dir = fdopendir(fd)) != NULL ? 0 : -1);
  if (dir == NULL) close(fd);
  return dir;
}


struct dirent *coh_dir_next(DIR *dir, struct coh_request *r, int *status) {
  struct dirent *entry;
  do {
    errno = 0;
    entry = readdir(dir);
  } while (entry == NULL ? errno == EINTR
           : strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
  if (entry == NULL && errno != 0) *status = coh_fs_fault();
  if (entry != NULL && coh_fs_stopped(r)) *status = COH_FS_STOPPED;
  return *status == 0 ? entry : NULL;
}


/* {{ Reaching a directory */

typedef int opener(int folder, const char *path);

static int open_following_links(int folder, const char *path) {
  return coh_fs_result(openat(folder, path, COH_DIR_FLAGS));
}


static int open_name(int folder, const char *name) {
  return coh_fs_result(openat(folder, name, COH_DIR_FLAGS | O_NOFOLLOW));
}


/* Open several names at once, none of which may be a link. Not every system can do this. */
static int open_without_links(int folder, const char *path) {
#ifdef RESOLVE_NO_SYMLINKS
  struct open_how how = {.flags = COH_DIR_FLAGS, .resolve = RESOLVE_NO_SYMLINKS};
  return coh_fs_result((int)syscall(SYS_openat2, folder, path, &how, sizeof how));
#else
  (void)folder, (void)path;
  return UV_ENOSYS;
#endif
}


/* Open what the first 'length' bytes of a path name. */
static int open_part(opener *open_it, int folder, const char *path, size_t length) {
  char part[PATH_MAX];
  if (length >= sizeof part) return UV_ENAMETOOLONG;
  memcpy(part, path, length);
  part[length] = '\0';
  return open_it(folder, part);
}


/* How many bytes of a path the system takes at once: all of it, or a part that ends with "/". */
static size_t part_length(const char *path) {
  size_t length = strnlen(path, PATH_MAX);
  if (length < PATH_MAX) return length;
  do length--; while (length > 0 && path[length - 1] != '/');
  return length;
}


int coh_dir_reach(const char *path, size_t root) {
  size_t length = root;
  int next, fd = open_part(open_following_links, AT_FDCWD, path, length);
  while (fd >= 0 && *(path += length + strspn(path + length, "/")) != '\0') {
    length = part_length(path);
    next = open_part(open_without_links, fd, path, length);
    if (next < 0) {
      length = strcspn(path, "/");
      next = open_part(open_name, fd, path, length);
    }
    close(fd);
    fd = next;
  }
  return fd;
}

/* }} */

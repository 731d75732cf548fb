/*
** Process groups: see group.h. The system says whether a group has members, but counts zombies too. Their new
** parent, process 1, may reap them late, or in a container never: so when there are members we look at each.
*/
#include "process/group.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_ROOM 32
#define STAT_ROOM 128  /* the number, a name of at most 16 bytes, and the state */


/* Is it a zombie, of which only the status is left? */
static bool has_ended(const char *pid) {
  char path[PATH_ROOM], stat[STAT_ROOM + 1], *state;
  size_t length;
  FILE *file;
  snprintf(path, sizeof path, "/proc/%.16s/stat", pid);
  file = fopen(path, "re");
  if (file == NULL) return errno == ENOENT;  /* without a descriptor to look with, assume that it runs */
  length = fread(stat, 1, STAT_ROOM, file);
  fclose(file);
  stat[length] = '\0';
  state = strrchr(stat, ')');
  return state == NULL || state[1] == '\0' || state[2] == 'Z' || state[2] == 'X';
}


static bool is_number(const char *name) {
  return *name >= '1' && *name <= '9';
}


bool coh_group_runs(pid_t group) {
  const struct dirent *entry;
  bool runs = false;
  DIR *dir;
  if (kill(-group, 0) < 0 && errno == ESRCH) return false;
  dir = opendir("/proc");
  if (dir == NULL) return true;
  while (!runs && (entry = readdir(dir)) != NULL) {
    bool is_member = is_number(entry->d_name) && getpgid((pid_t)atoi(entry->d_name)) == group;
    runs = is_member && !has_ended(entry->d_name);
  }
  closedir(dir);
  return runs;
}

/*
** Process groups: see group.h. The system says whether a group has members, and counts those who have ended.
** Their new parent, process 1, may reap them late, or in a container never: so where there are members they
** are looked up.
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
#define STAT_ROOM 128  /* the number, the name of 16 bytes at most, and the state */


/* Has it ended, so that only its status is left? */
static bool has_ended(const char *pid) {
  char path[PATH_ROOM], stat[STAT_ROOM + 1], *state;
  size_t length;
  FILE *file;
  snprintf(path, sizeof path, "/proc/%.16s/stat", pid);
  file = fopen(path, "re");
  if (file == NULL) return errno == ENOENT;  /* it may run still when there is no descriptor to look with */
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

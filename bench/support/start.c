/* Times how long programs live: runs a command COUNT times, one after another, and prints the median of
 * the wall times. The clock stands around fork and waitpid; what the command prints goes to /dev/null.
 *
 *     start times=COUNT COMMAND [ARGUMENT...]     prints "ns N" */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void become(char **command) {
  int null = open("/dev/null", O_WRONLY);
  dup2(null, STDOUT_FILENO);
  execvp(command[0], command);
  _exit(127);
}

/* The command's wall time in nanoseconds; ends this program when the command fails. */
static long long live(char **command) {
  int status;
  long long began = now_ns();
  pid_t child = fork();
  if (child == 0) become(command);
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    fprintf(stderr, "%s failed\n", command[0]);
    exit(1);
  }
  return now_ns() - began;
}

static int compare(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int count = 0;
  if (argc > 2 && strncmp(argv[1], "times=", 6) == 0) count = atoi(argv[1] + 6);
  if (count < 1) {
    fprintf(stderr, "usage: start times=COUNT COMMAND [ARGUMENT...]\n");
    return 2;
  }
  long long *times = calloc((size_t)count, sizeof *times);
  if (times == NULL) return 1;
  for (int i = 0; i < count; i++) times[i] = live(argv + 2);
  qsort(times, (size_t)count, sizeof *times, compare);
  printf("ns %lld\n", times[count / 2]);
  free(times);
  return 0;
}

/*
** Streams: a connected socket with what was read from it and not asked for yet.
**
** A read or write that is cut between two system calls loses nothing that was read:
** it stays in 'kept'. What a cut write had already sent cannot be taken back, so the
** stream takes no further writes then: the peer has got a part of something.
*/
#ifndef COH_IO_STREAM_H
#define COH_IO_STREAM_H

#include "io/poll.h"
#include "io/streambuf.h"
#include "kernel/hidden.h"

COH_HIDDEN

#define COH_LINE_MAX 65536

struct coh_stream {
  struct coh_poll poll;        /* first, so that a pointer to it is one to the stream */
  struct coh_streambuf kept;   /* read and not asked for yet */
  size_t line_max;             /* longest line, without its end */
  size_t scanned;              /* so many bytes of 'kept' hold no end of what the read under way looks for */
  size_t sent;                 /* bytes that the write under way, or the latest, has sent */
  int failed;                  /* status that every further read raises when 'kept' is used up; 0: none */
  bool ended;                  /* nothing more can be read */
  bool reset;                  /* a write was told that the peer has reset the connection */
  bool cut;                    /* a write was cancelled in its middle */
  bool shut;                   /* shutdown was called */
};

extern const struct coh_box_kind coh_stream_kind;

/* Make the kind. [-0, +0, m] */
void coh_stream_open(lua_State *L);

/* A struct that is not open yet. Raises when memory is out. [-0, +0, m] */
struct coh_stream *coh_stream_new(lua_State *L, struct coh_state *S);

/* Open it on a connected or connecting socket, which it owns from now on, or a negative status. */
int coh_stream_bind(struct coh_state *S, struct coh_stream *s, struct coh_box *box, int fd);

/* A number of bytes that a user gave, as one that memory could hold. */
static inline size_t coh_stream_size(lua_Integer n) {
  return (uint64_t)n > SIZE_MAX / 4 ? SIZE_MAX / 4 : (size_t)n;
}

/* TCP_NODELAY; does nothing where there is no such thing. */
int coh_stream_set_nodelay(int fd, bool on);

/* The open stream in the box at 1, else Closed is raised. [-0, +0, e] */
struct coh_stream *coh_stream_check_open(lua_State *L, const char *what);

/* Raise what a status means for the stream at 1: Broken or SystemError. Never returns. [-0, +0, e] */
int coh_stream_raise(lua_State *L, int status, const char *what);

/* Raise an error without a status: Busy, Broken, TooLong. Never returns. [-0, +0, e] */
int coh_stream_raise_plain(lua_State *L, int kind, const char *what, const char *text);

/* Methods that have a file of their own; 'streamread.c' makes iterators too. */
extern const luaL_Reg coh_stream_reads[];
extern const luaL_Reg coh_stream_writes[];

COH_SEEN

#endif

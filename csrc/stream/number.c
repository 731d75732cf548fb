/*
** Numerals: see number.h. As in Lua's io, what looks like the beginning of a numeral is consumed, up to 200
** bytes, even if it turns out not to be one.
*/
#include "stream/number.h"

#include <ctype.h>
#include <string.h>

#define LENGTH_MAX 200

struct cursor {
  const char *at;
  size_t length;
  size_t i;       /* bytes looked at and taken */
  size_t end;     /* none may be taken from here on */
  bool open;      /* it wanted to look beyond the last byte */
  bool too_long;  /* it wanted to take more than allowed */
};


/* The next byte, or -1 when there is none. */
static int peek(struct cursor *c) {
  if (c->i < c->length) return (unsigned char)c->at[c->i];
  c->open = true;
  return -1;
}


static bool take(struct cursor *c) {
  if (c->i == c->end) c->too_long = true;
  else c->i++;
  return !c->too_long;
}


/* Take the next byte if it is one of the two. */
static bool take_one(struct cursor *c, const char *set) {
  int byte = peek(c);
  return byte > 0 && strchr(set, byte) != NULL && take(c);
}


static size_t take_digits(struct cursor *c, bool hexadecimal) {
  size_t before = c->i;
  int byte;
  while ((byte = peek(c)) >= 0 && (hexadecimal ? isxdigit(byte) : isdigit(byte)) && take(c)) {}
  return c->i - before;
}


static void take_numeral(struct cursor *c) {
  size_t digits = 0;
  bool hexadecimal = false;
  take_one(c, "-+");
  if (take_one(c, "00")) {
    hexadecimal = take_one(c, "xX");
    digits = !hexadecimal;
  }
  digits += take_digits(c, hexadecimal);
  if (take_one(c, ".")) digits += take_digits(c, hexadecimal);
  if (digits > 0 && take_one(c, hexadecimal ? "pP" : "eE")) {
    take_one(c, "-+");
    take_digits(c, false);
  }
}


struct coh_numeral coh_numeral_find(const char *at, size_t length, size_t *blanks) {
  struct cursor c = {.at = at, .length = length};
  while (*blanks < length && isspace((unsigned char)at[*blanks])) (*blanks)++;
  c.i = *blanks;
  c.end = *blanks + LENGTH_MAX;
  take_numeral(&c);
  return (struct coh_numeral){c.i, c.open, c.too_long};
}


void coh_numeral_push(lua_State *L, const char *at, size_t length) {
  char text[LENGTH_MAX + 1];
  while (length > 0 && isspace((unsigned char)*at)) {
    at++;
    length--;
  }
  memcpy(text, at, length);
  text[length] = '\0';
  if (lua_stringtonumber(L, text) == 0) lua_pushnil(L);
}

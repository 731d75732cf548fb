# Builds cohort in place and runs everything that checks it.
#
# All that is made lies under BUILD, so a sanitizer build is the same rules with another BUILD and
# other FLAGS, and cleaning up is one rm. Every recipe sees the tree through LUA_PATH_5_4,
# LUA_CPATH_5_4 and PATH, exactly as `make env` prints them. Suites are targets that print
# "N passed, N failed" last; tools/test.lua runs them and adds up.

BUILD  ?= build
LUA    ?= lua5.4
PREFIX ?= /usr/local
FLAGS  ?= -O2
GC     ?= incremental
COLLECTORS ?= incremental generational stress

SECONDS ?= 300

# All specs but those of the engines, which run cohort in processes of their own.
own = $(sort $(shell find spec -name '*_spec.lua' -not -path 'spec/engines/*'))

# Specs of what the pool's threads do: files, lookups, bytes that are moved. TSan needs the address space that
# some of them take away, and memory.
threaded = --filter-out=thread --filter-out=memory $(wildcard spec/fs_*_spec.lua) spec/net_spec.lua \
  spec/stream/transport_spec.lua spec/fd_spec.lua

# Specs of what is written in C, but for the kernel, whose own tests always run under sanitizers.
native = $(addprefix spec/,errors lua sync io stream net fs_send_spec.lua closed_by_hand_spec.lua \
  taken_by_hand_spec.lua brought_back_spec.lua)

# Lua's longjmp leaves functions without their ends: their begins are not counted either.
tsan = -O1 -g -fsanitize=thread --param tsan-instrument-func-entry-exit=0

ASAN_OPTIONS ?= detect_leaks=1

warnings   = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
c_flags    = -std=c11 -fPIC -D_GNU_SOURCE -Icsrc $(warnings) -MMD -MP $(FLAGS) $(CFLAGS)
lua_flags  = $(shell pkg-config --cflags lua5.4)
uv_flags   = $(shell pkg-config --cflags libuv)
sanitizers = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# So that a report written at exit, when Lua has closed its modules, still names our functions.
keep_loaded = -Wl,-z,nodelete

core    := $(BUILD)/lib/cohort/core.so
objects := $(patsubst csrc/%.c,$(BUILD)/obj/%.o,$(shell find csrc -name '*.c' 2>/dev/null | sort))
hosts   := $(patsubst examples/hosts/%.c,$(BUILD)/hosts/%,$(wildcard examples/hosts/*.c))

fuzz_objects := $(patsubst engines/fuzz/%.c,$(BUILD)/obj/fuzz/%.o,$(wildcard engines/fuzz/*.c))
engine_hosts := $(BUILD)/engines/close $(BUILD)/engines/strace

kernel_objects := $(patsubst csrc/%.c,$(BUILD)/sanitized/%.o,$(wildcard csrc/kernel/*.c))
kernel_support := $(filter-out %_test.c,$(wildcard spec/kernel/*.c))
kernel_tests   := $(patsubst spec/kernel/%.c,$(BUILD)/sanitized/%,$(wildcard spec/kernel/*_test.c))

# A host in which everything can fail, and a core whose calls ask it first: for engines/faults.
faulty := $(BUILD)/faulty/host $(BUILD)/faulty/cohort/core.so

# What has a long form of its own target stands here.
hard_engines := $(filter-out run model law fuzz soak,$(basename $(notdir $(wildcard engines/*.lua))))

# Ours first, then what was there, or Lua's defaults (an empty template) when nothing was.
# What is ours already is not put there twice.
own_path  := $(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;
own_cpath := $(abspath $(BUILD))/lib/?.so;
export LUA_PATH_5_4  := $(own_path)$(subst $(own_path),,$(or $(LUA_PATH_5_4),$(LUA_PATH),;))
export LUA_CPATH_5_4 := $(own_cpath)$(subst $(own_cpath),,$(or $(LUA_CPATH_5_4),$(LUA_CPATH),;))
export MINUTES       ?= 30
export PATH          := $(CURDIR)/bin:$(PATH)

.DELETE_ON_ERROR:
.PHONY: all env demo test check kernel specs scenarios hosts sanitize sanitized tsan valgrind engines explore fuzz \
  soak hard \
  test-programs fuzz-program engine-hosts sanitized-engine-hosts \
  arrows style luacheck model docs docs-check rockspec rockspec-check rock install clean help \
  bench bench-check bench-page gate gate-figures gate-steps

## Using it

all: $(core) ## build in place (this is plain `make`)

env: ## print the exports that make this tree usable from anywhere: eval "$(make -s env)"
	@echo 'export LUA_PATH_5_4="$(LUA_PATH_5_4)"'
	@echo 'export LUA_CPATH_5_4="$(LUA_CPATH_5_4)"'
	@echo 'export PATH="$(CURDIR)/bin:$${PATH#$(CURDIR)/bin:}"'

demo: ## install what is missing, build, run a first program
	@tools/setup build
	@$(MAKE) --no-print-directory -s all
	@bin/cohort $(firstword $(wildcard examples/demo.lua) examples/hello_group.lua)

install: all ## copy the built tree to PREFIX (default /usr/local), below DESTDIR if that is set
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include
	install -d $(DESTDIR)$(PREFIX)/lib/lua/5.4/cohort $(DESTDIR)$(PREFIX)/share/lua/5.4
	install -m 755 $(core) $(DESTDIR)$(PREFIX)/lib/lua/5.4/cohort/core.so
	install -m 755 bin/cohort $(DESTDIR)$(PREFIX)/bin/cohort
	install -m 644 csrc/cohort.h $(DESTDIR)$(PREFIX)/include/cohort.h
	cp -R lua/. $(DESTDIR)$(PREFIX)/share/lua/5.4/
	@test -n "$(DESTDIR)" || (cd / && env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 $(LUA) -e 'require "cohort"' 2>/dev/null) || \
	  printf '%s\n' '$(LUA) does not look in $(PREFIX) by itself; tell it:' \
	    'export LUA_PATH_5_4="$(PREFIX)/share/lua/5.4/?.lua;$(PREFIX)/share/lua/5.4/?/init.lua;;"' \
	    'export LUA_CPATH_5_4="$(PREFIX)/lib/lua/5.4/?.so;;"' 'export PATH="$(PREFIX)/bin:$$PATH"'

clean: ## remove everything made, what luarocks leaves behind included
	rm -rf build cohort
	find csrc -name '*.o' -delete

help: ## this list
	@awk -F ':.*## ' '/^## /{print substr($$0, 4)} /^[a-z-]+:.* ## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

## All checks at once

test: ## install what is missing, then every suite; ends with "N passed, N failed"
	@tools/setup test
	@MAKEFLAGS= $(LUA) tools/test.lua

check: ## what to run before every commit: test without the scenarios and the packed rock
	@MAKEFLAGS= $(LUA) tools/test.lua all kernel specs arrows style luacheck docs-check rockspec-check model

## One suite at a time

kernel: $(kernel_tests) ## the kernel's C tests under ASan and UBSan
	@mkdir -p $(BUILD)/results
	@$(LUA) tools/kernel.lua $(BUILD)/results/kernel.txt $(kernel_tests)

specs: all ## the Lua specs; SPEC="--filter=... spec/x_spec.lua" picks some, GC=generational or stress
	@mkdir -p $(BUILD)/results
	@$(UNDER) $(LUA) tools/specs.lua -Xhelper results=$(BUILD)/results/specs.txt -Xhelper gc=$(GC) $(SPEC)
	@test -s $(BUILD)/results/specs.txt || { echo 'the specs ended early'; exit 1; }

scenarios: all hosts ## the examples, each way they can be run, against their expected output
	@$(LUA) spec/support/examples.lua $(BUILD)

sanitize: all ## the specs over a module with ASan and UBSan, under each of COLLECTORS, which are three
	@for gc in $(COLLECTORS); do echo "collector: $$gc"; \
	  $(MAKE) --no-print-directory BUILD=build/asan FLAGS='$(sanitizers)' LDFLAGS=$(keep_loaded) GC=$$gc \
	    SPEC='$(or $(SPEC),$(own))' \
	    UNDER='env LD_PRELOAD=$(shell $(CC) -print-file-name=libasan.so):$(shell $(CC) -print-file-name=libubsan.so) \
	      LSAN_OPTIONS=suppressions=$(CURDIR)/spec/support/lsan.txt:print_suppressions=0 \
	      ASAN_OPTIONS=$(ASAN_OPTIONS)' specs || exit; done

sanitized: COLLECTORS := incremental
sanitized: ## its short form, part of `make test`: the specs of what is written in C, under one collector
	@$(MAKE) --no-print-directory COLLECTORS='$(COLLECTORS)' SPEC='$(or $(SPEC),$(native))' sanitize

tsan: ## the specs of what threads do, over a module and a Lua built with TSan
	@tools/luas thread
	@PATH='$(CURDIR)/build/luas/thread:$(PATH)' TSAN_OPTIONS=allocator_may_return_null=1 \
	  $(MAKE) --no-print-directory BUILD=build/tsan LUA=lua5.4 \
	  FLAGS='$(tsan)' LDFLAGS=$(keep_loaded) SPEC='$(or $(SPEC),$(threaded))' specs

valgrind: ## the specs under valgrind
	@tools/setup test
	@$(MAKE) --no-print-directory BUILD=build/valgrind FLAGS='-O1 -g' LDFLAGS=$(keep_loaded) \
	  SPEC='$(or $(SPEC),$(own))' \
	  UNDER='valgrind -q --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=9' specs

engines: all ## what tries to break cohort, in its short form; docs/reliability.md has the list
	@tools/setup engines
	@$(LUA) engines/run.lua short

explore: all ## long: random programs, on a model of cohort too, and held against the law
	@$(LUA) engines/run.lua long model law

fuzz: all ## long: inputs that libFuzzer makes, for SECONDS=300
	@tools/setup engines
	@SECONDS=$(SECONDS) $(LUA) engines/run.lua long fuzz

soak: all ## long: the same again and again for MINUTES=30, and nothing may grow
	@$(LUA) engines/run.lua long soak

hard: all ## long: everything that can fail fails, in turn
	@$(LUA) engines/run.lua long $(hard_engines)

.PHONY: faulty faulty-sanitized sanitized-core
sanitized-core:
	@$(MAKE) --no-print-directory BUILD=build/asan FLAGS='$(sanitizers)' LDFLAGS=$(keep_loaded) all

faulty: all $(faulty)

faulty-sanitized:
	@$(MAKE) --no-print-directory BUILD=build/asan FLAGS='$(sanitizers)' LDFLAGS=$(keep_loaded) faulty

arrows: ## who may include or require whom
	@$(LUA) tools/arrows.lua

style: ## what of the style a program can check
	@$(LUA) tools/style.lua

luacheck: ## the Lua linter
	@luacheck --no-color -q $(wildcard lua spec tools examples bench engines bin/cohort)

model: ## every rule of docs/model.md has a spec that ran, passed and asserted (after specs and kernel)
	@$(LUA) tools/model.lua docs/model.md $(BUILD)/results/specs.txt $(BUILD)/results/kernel.txt

docs: all ## rewrite docs/reference; every public name has an entry, every link leads somewhere
	@$(LUA) tools/reference.lua

docs-check: all ## the same without writing: fail when docs/reference is out of date
	@$(LUA) tools/reference.lua --check

## Building more

hosts: $(hosts) ## the C hosts of examples/hosts

# What more than one suite needs is built before they run side by side.
test-programs: hosts engine-hosts faulty bench-programs build/bench/seed.so
	@$(MAKE) --no-print-directory sanitized-core
	@$(MAKE) --no-print-directory sanitized-engine-hosts
	@$(MAKE) --no-print-directory faulty-sanitized

fuzz-program:
	@$(MAKE) --no-print-directory -j2 BUILD=build/fuzz CC=clang FLAGS='$(sanitizers) -fsanitize=fuzzer-no-link' \
	  build/fuzz/fuzz

engine-hosts: $(engine_hosts)

sanitized-engine-hosts:
	@$(MAKE) --no-print-directory BUILD=build/asan FLAGS='$(sanitizers)' engine-hosts

rockspec: ## rewrite the rockspec's lists from what is in the tree
	@$(LUA) tools/rockspec.lua rockspec/cohort-scm-1.rockspec

rockspec-check: ## fail when those lists are out of date
	@$(LUA) tools/rockspec.lua --check rockspec/cohort-scm-1.rockspec

rock: ## pack a binary rock, install it into an empty tree, run the README's first program with it
	@tools/rock $(BUILD)/rock

## Speed

bench: ## measure, write docs/performance.md; ROUNDS=3 ONLY="w1 w2" [KEEP=1] PEERS="cohort go" to choose
	@tools/setup bench
	@$(MAKE) --no-print-directory -s bench-programs
	@$(bench_env) $(LUA) bench/run.lua

gate: all build/bench/seed.so ## instructions per operation, held against bench/gate/figures.txt
	@$(LUA) bench/gate/gate.lua

gate-figures: all build/bench/seed.so ## write those figures anew; the commit says why
	@$(LUA) bench/gate/gate.lua --write

gate-steps: all build/bench/seed.so ## what each step towards speed brought: build old commits, count, write bench/gate/steps.json
	@$(LUA) bench/gate/steps.lua

bench-check: bench-programs ## every workload with tiny counts, cohort, bare Lua and C; writes below build/bench
	@$(bench_env) $(LUA) bench/run.lua check

bench-page: ## write docs/performance.md again, each workload from the newest file in bench/results that has it
	@$(LUA) bench/report.lua bench/results/*.json docs/performance.md

# Peers' programs find what they share; Go is built where it is installed. The paths follow ours, as a last resort.
bench_env = FLAGS='$(strip $(FLAGS) $(CFLAGS))' PYTHONPATH=bench/support PYTHONDONTWRITEBYTECODE=1 \
  LUA_PATH_5_4='$(LUA_PATH_5_4);bench/support/?.lua;bench/peers/luv/?.lua' \
  LUA_CPATH_5_4='$(LUA_CPATH_5_4);build/bench/?.so'

bench_made := clock.so start load c_hello c_echo c_epoll $(if $(shell command -v go),go_bench go_hello go_echo)

.PHONY: bench-programs
bench-programs: all $(addprefix build/bench/,$(bench_made))

build/bench/%.so: bench/support/%.c
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(lua_flags) -shared -o $@ $<

build/bench/%: bench/support/%.c
	@mkdir -p $(@D)
	$(CC) $(c_flags) -o $@ $<

build/bench/c_%: bench/peers/c/%.c
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(uv_flags) -o $@ $< -luv

build/bench/go_%: bench/peers/go/%.go
	@mkdir -p $(@D)
	GO111MODULE=off GOFLAGS= GOCACHE=$(CURDIR)/build/bench/go go build -o $@ $<

# The module links libuv and never liblua: the program that loads it has Lua already.
$(core): $(objects)
	@mkdir -p $(@D)
	$(CC) -shared $(FLAGS) $(LDFLAGS) -o $@ $(objects) -luv -lm

$(BUILD)/obj/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(lua_flags) $(uv_flags) -c -o $@ $<

$(BUILD)/faulty/%.o: engines/faults/%.c
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(lua_flags) $(uv_flags) -c -o $@ $<

$(BUILD)/faulty/host: $(BUILD)/faulty/host.o $(BUILD)/faulty/calls.o
	$(CC) $(FLAGS) -o $@ $^ $(shell pkg-config --libs lua5.4) -luv -Wl,-E

$(BUILD)/faulty/cohort/core.so: $(objects) $(BUILD)/faulty/calls.o
	@mkdir -p $(@D)
	$(CC) -shared $(FLAGS) $(LDFLAGS) -o $@ $(objects) -luv -lm \
	  $$(nm $(BUILD)/faulty/calls.o | sed -n 's/.* T __wrap_/-Wl,--wrap=/p')

# The kernel is compiled without Lua's headers in reach.
$(BUILD)/sanitized/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(sanitizers) $(uv_flags) -c -o $@ $<

$(BUILD)/sanitized/%_test: spec/kernel/%_test.c $(kernel_support) $(kernel_objects)
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(sanitizers) $(uv_flags) -o $@ $< $(kernel_support) $(kernel_objects) -luv

$(BUILD)/hosts/%: examples/hosts/%.c $(objects)
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(lua_flags) $(uv_flags) -o $@ $< $(objects) $(shell pkg-config --libs lua5.4) -luv -lm -Wl,-E

$(BUILD)/obj/fuzz/%.o: engines/fuzz/%.c
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(lua_flags) -c -o $@ $<

$(BUILD)/fuzz: $(objects) $(fuzz_objects)
	$(CC) $(FLAGS) -fsanitize=fuzzer -o $@ $^ $(shell pkg-config --libs lua5.4) -luv -lm -Wl,-E

$(BUILD)/engines/%: engines/%/host.c $(objects)
	@mkdir -p $(@D)
	$(CC) $(c_flags) $(lua_flags) $(uv_flags) -o $@ $< $(objects) $(shell pkg-config --libs lua5.4) -luv -lm -Wl,-E

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

"""Runs a command on a terminal of its own and talks to it, for specs of terminals.

usage: on_terminal.py STEP... -- COMMAND...

Steps, in order: `wait:TEXT` until it has printed that; `type:TEXT`; `size:COLUMNSxROWS`; `kill:NAME` sends a
signal to it. \\n, \\x03 and the like are what they are in Python. When all are done it reads until the
command has ended. Prints all that was on the terminal, then a line "mode ok" or "mode changed: ...": is the terminal as it
was before; then "status N" or "signal N".
"""
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import time

at = sys.argv.index("--")
steps, command = sys.argv[1:at], sys.argv[at + 1:]


def set_size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


master, slave = pty.openpty()
set_size(master, 80, 24)
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(slave, fd)
    os.closerange(3, 64)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)

output, seen = b"", 0
os.set_blocking(master, False)


def read_some():
    global output
    try:
        output += os.read(master, 65536)
    except BlockingIOError:
        time.sleep(0.002)


deadline = time.time() + 50


def fail(text):
    os.kill(pid, signal.SIGKILL)
    sys.exit("on_terminal: %s; so far: %r" % (text, output))


for step in steps:
    kind, text = step.split(":", 1)
    text = text.encode().decode("unicode_escape")
    if kind == "wait":
        while output.find(text.encode(), seen) < 0:
            if time.time() > deadline:
                fail("waited in vain for %r" % text)
            read_some()
        seen = output.find(text.encode(), seen) + len(text)
    elif kind == "type":
        os.write(master, text.encode("latin-1"))
    elif kind == "size":
        set_size(master, *map(int, text.split("x")))
    elif kind == "kill":
        os.kill(pid, getattr(signal, text))

while True:
    ended, status = os.waitpid(pid, os.WNOHANG)
    read_some()
    if ended:
        break
    if time.time() > deadline:
        fail("it does not end")
for _ in range(3):
    read_some()
after = termios.tcgetattr(slave)
names = ("iflag", "oflag", "cflag", "lflag", "ispeed", "ospeed", "cc")
changed = [name for name, a, b in zip(names, before, after) if a != b]
flags = fcntl.fcntl(slave, fcntl.F_GETFL)
if flags & os.O_NONBLOCK:
    changed.append("O_NONBLOCK")
sys.stdout.write(output.decode("latin-1").replace("\r\n", "\n"))
print("mode ok" if not changed else "mode changed: " + " ".join(changed))
if os.WIFSIGNALED(status):
    print("signal %d" % os.WTERMSIG(status))
else:
    print("status %d" % os.WEXITSTATUS(status))

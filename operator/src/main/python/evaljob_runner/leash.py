"""Children that do not outlive the launcher, even when it is killed hard."""
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def attach(parent):
    """Asks the kernel to kill this process when `parent` dies (Linux; elsewhere nothing)."""
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def run(arguments):
    """`leash PARENT COMMAND...`: becomes the command, attached to its parent."""
    attach(int(arguments[0]))
    command = arguments[1:]
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write("cannot start %s: %s\n" % (command[0], error.strerror))
        return 127

"""Child processes in groups: started together, watched together, ended together."""
import os
import signal
import subprocess
import sys
import threading
import time

from . import ARCHIVE
from .failures import Terminated
from .log import say
from .output import Output


# From a rank that says "connection closed by peer" to the end of the peer: it may have device
# contexts to take down.
_SETTLE_SECONDS = 10.0
# For what outlives a process that crashed to say its last words and to free shared memory.
_CRASHED_SECONDS = 1.0
# For stacks to be printed. A process whose interpreter is held by a call of C's prints them, and
# cannot say that they are whole.
_STACKS_SECONDS = 10.0
_STACKS_TICK_SECONDS = 0.05


def runner_command(*arguments):
    """The command line of this runner in another role."""
    return [sys.executable, ARCHIVE] + list(arguments)


class Child:
    """One process in a session of its own, its output pumped to the log."""

    def __init__(self, index, name, command, environment, folder, stop, keep=(), hear=None):
        self.index = index
        self.name = name
        self.returncode = None
        self.ended_by_us = False
        self._process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            pass_fds=tuple(keep))
        self.pid = self._process.pid
        self.output = Output(self._process.stdout, name, hear)
        self._waiter = threading.Thread(
            target=self._wait, args=(stop,), name="wait-" + name, daemon=True)
        self._waiter.start()

    def _wait(self, stop):
        self.returncode = self._process.wait()
        stop.events.put(self)

    @property
    def running(self):
        return self.returncode is None

    def signal(self, number):
        """Signals the process and everything it started in its session's group."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self):
        self._waiter.join(5.0)
        if not self.running and self.returncode < 0 and not self.ended_by_us:
            self.output.close(_CRASHED_SECONDS)
        # What is left of the group keeps the pipe and the devices.
        self.signal(signal.SIGKILL)
        self.output.close()


class Group:
    """Children that succeed or fail together."""

    def __init__(self, stop, grace_seconds):
        self._stop = stop
        self._grace = max(1.0, grace_seconds)
        self.children = []

    def start(self, name, command, environment, folder, keep=(), hear=None):
        child = Child(len(self.children), name, command, environment, folder, self._stop, keep,
                      hear)
        self.children.append(child)
        return child

    def wait(self, on_tick, tick_seconds, is_failure=lambda child: child.returncode != 0,
             is_consequence=lambda child: False):
        """Waits for all; the first child that fails ends the others and is returned, else None.

        One whose failure is only the consequence of another's is not the first: the other has a
        moment to end by itself. When the launcher is told to end, the children are ended first
        (SIGTERM, then SIGKILL after the grace time), then Terminated is raised.
        """
        try:
            pending = set(self.children)
            while pending:
                event = self._stop.next_event(tick_seconds)
                if isinstance(event, Child) and event in pending:
                    pending.discard(event)
                    if is_failure(event):
                        if pending and is_consequence(event):
                            event = self._first(pending, is_failure, is_consequence) or event
                            pending.discard(event)
                        if pending:
                            say("%s ended (%s); ending the other %d"
                                % (event.name, event.returncode, len(pending)))
                        return event
                on_tick()
            return None
        except Terminated:
            say("told to end (%s): ending the processes" % self._stop.signal_name)
            raise
        finally:
            self.end()

    def _first(self, pending, is_failure, is_consequence):
        """The child that ends within a moment with a failure of its own, or None."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        seen = set()
        while time.monotonic() < deadline and len(seen) < len(pending):
            event = self._stop.next_event(deadline - time.monotonic())
            if isinstance(event, Child) and event in pending:
                seen.add(event)
                if is_failure(event) and not is_consequence(event):
                    return event
        return None

    def print_stacks(self, number, end):
        """Sends the signal on which each process prints its stacks, and waits for their last lines.

        `end` is what the last line ends in. A process that is told to end while it prints shows
        where it ends, not where it hung.
        """
        asked = [child for child in self.children if child.running]
        for child in asked:
            try:
                # To the process alone: what it started may not know the signal and would end.
                os.kill(child.pid, number)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + _STACKS_SECONDS
        while time.monotonic() < deadline and any(
                child.running and not child.output.has_line(end) for child in asked):
            self._stop.pause(_STACKS_TICK_SECONDS)

    def end(self):
        """Ends what still runs, gently and then not, and closes every stream."""
        running = [child for child in self.children if child.running]
        for child in running:
            child.ended_by_us = True
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        for child in running:
            child._waiter.join(max(0.0, deadline - time.monotonic()))
        for child in running:
            if child.running:
                say("%s did not end in %.0f s: killing it" % (child.name, self._grace))
                child.signal(signal.SIGKILL)
        for child in self.children:
            child.close()


def run_one(name, command, environment, folder, stop, grace_seconds, keep=(), on_tick=None):
    """Runs one process to its end; gives its return code and last lines of output."""
    group = Group(stop, grace_seconds)
    child = group.start(name, command, environment, folder, keep)
    group.wait(on_tick or (lambda: None), 1.0)
    return child.returncode, child.output.tail()

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


def runner_command(*arguments):
    """The command line of this runner in another role."""
    return [sys.executable, ARCHIVE] + list(arguments)


class Child:
    """One process in a session of its own, its output pumped to the log."""

    def __init__(self, index, name, command, environment, folder, stop, keep=()):
        self.index = index
        self.name = name
        self.returncode = None
        self._process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            pass_fds=tuple(keep))
        self.pid = self._process.pid
        self.output = Output(self._process.stdout, name)
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
        # What is left of the group keeps the pipe and the devices.
        self.signal(signal.SIGKILL)
        self.output.close()


class Group:
    """Children that succeed or fail together."""

    def __init__(self, stop, grace_seconds):
        self._stop = stop
        self._grace = max(1.0, grace_seconds)
        self.children = []

    def start(self, name, command, environment, folder, keep=()):
        child = Child(len(self.children), name, command, environment, folder, self._stop, keep)
        self.children.append(child)
        return child

    def wait(self, on_tick, tick_seconds, is_failure=lambda child: child.returncode != 0):
        """Waits for all; the first child that fails ends the others and is returned, else None.

        When the launcher is told to end, the children are ended first (SIGTERM, then SIGKILL
        after the grace time), then Terminated is raised.
        """
        try:
            pending = set(self.children)
            while pending:
                event = self._stop.next_event(tick_seconds)
                if isinstance(event, Child) and event in pending:
                    pending.discard(event)
                    if is_failure(event):
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

    def end(self):
        """Ends what still runs, gently and then not, and closes every stream."""
        running = [child for child in self.children if child.running]
        for child in running:
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

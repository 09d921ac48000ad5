"""Processes that run and come no further."""
import re
import signal
import time

# Sent to a rank that hangs: its handler prints every thread's stack.
STACKS_SIGNAL = signal.SIGUSR1
# What a rank prints behind its stacks.
STACKS_END = "end of the stacks"
# A launcher that was stopped and goes on must not count the time in between.
_LONGEST_TICK = 10.0
_FRAME = re.compile(r'File "([^"]+)", line (\d+)(?: in (\S+))?')
# How much of a path tells the file: `vlmeval/vlm/idefics.py`.
_PATH_PARTS = 3


class Watchdog:
    """Tells which process has come no further for longer than `seconds`; 0 watches nothing."""

    def __init__(self, seconds):
        self.seconds = seconds
        self._seen = {}
        self._idle = {}
        self._last = None

    def look(self, signs, now=None):
        """The first process whose sign has not changed for too long, or None.

        `signs` maps each process to anything that changes as it comes further. Those that wait for
        others are left out by the caller, unless all wait.
        """
        now = time.monotonic() if now is None else now
        passed = 0.0 if self._last is None else min(_LONGEST_TICK, now - self._last)
        self._last = now
        for name in list(self._seen):
            if name not in signs:
                del self._seen[name], self._idle[name]
        for name, sign in signs.items():
            if name in self._seen and self._seen[name] == sign:
                self._idle[name] += passed
            else:
                self._seen[name], self._idle[name] = sign, 0.0
        if not self.seconds:
            return None
        late = [name for name in signs if self._idle[name] >= self.seconds]
        return max(late, key=lambda name: self._idle[name]) if late else None


def rank_signs(states, running):
    """A sign for each running rank from what it told; ranks in a barrier wait for the others."""
    signs, waiting = {}, {}
    for rank in running:
        state = states[rank]
        counts = sorted((name, entry.get("done"), entry.get("total"), entry.get("rows"),
                         entry.get("inferred")) for name, entry in state.get("datasets", {}).items())
        phase = state.get("phase")
        (waiting if phase == "wait" else signs)[rank] = (phase, repr(counts))
    return signs or waiting


def short_path(path):
    """The last parts of a path, enough to find the file in its package."""
    return "/".join(path.replace("\\", "/").split("/")[-_PATH_PARTS:])


def where(lines):
    """The innermost frame of the main thread in printed stacks, as `file:line in function`."""
    blocks, current = [], None
    for line in lines:
        if line.endswith(STACKS_END):
            current = None
        elif "(most recent call first)" in line:
            current = []
            blocks.append(current)
        elif current is not None:
            frame = _FRAME.search(line)
            if frame:
                current.append("%s:%s in %s" % (short_path(frame.group(1)), frame.group(2),
                                                frame.group(3)))
    # The oldest thread comes last.
    frames = blocks[-1] if blocks else []
    if not frames:
        return ""
    own = next((frame for frame in frames if "vlmeval/" in frame), frames[0])
    return frames[0] if own == frames[0] else "%s, called from %s" % (frames[0], own)

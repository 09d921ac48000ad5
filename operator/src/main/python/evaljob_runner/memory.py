"""Shortages of memory: of the control group, by its own counter, and of shared memory."""
import os
import re

_BUS_ERROR = re.compile(r"\bbus error\b", re.IGNORECASE)
# What a program prints that shares memory by files: Python's tracker of the segments that a dead
# process left, and the places where torch and Python make them.
_SHARES_MEMORY = re.compile(
    r"leaked shared_memory objects|\bshared_memory\.py\b|multiprocessing/reductions\.py"
    r"|\bin _share_(fd|filename)_cpu_")
_FILES = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


def oom_kills(files=_FILES):
    """How often the control group killed for memory so far; None when it cannot be read."""
    for path in files:
        try:
            with open(path, encoding="ascii") as source:
                for line in source.read(4096).splitlines():
                    name, _, value = line.partition(" ")
                    if name == "oom_kill" and value.strip().isdigit():
                        return int(value)
        except OSError:
            continue
    return None


class OomWatch:
    """Remembers the counter at the start, so that a kill can be told from another's."""

    def __init__(self):
        self._before = oom_kills()

    def killed(self):
        """True or False; None when the counter cannot be read."""
        now = oom_kills()
        if now is None or self._before is None:
            return None
        return now > self._before


class SharedMemoryWatch:
    """Remembers how full a memory file system was: a process that died of it has freed it."""

    _FULL = 0.9
    # Bytes: more than processes fill between two looks.
    _UNSEEN = 16 << 30

    def __init__(self, folder):
        self._folder = folder
        # As they were when the most was used, and the most that files were to hold.
        self._used = self._size = self._asked = 0
        self.look()

    def look(self):
        """Called every now and then while processes run."""
        try:
            status = os.statvfs(self._folder)
        except (OSError, AttributeError):
            return
        size = status.f_frsize * status.f_blocks
        used = size - status.f_frsize * status.f_bfree
        if size and used >= self._used:
            self._used, self._size = used, size
        self._asked = max(self._asked, _file_sizes(self._folder))

    def hear(self, line):
        """Looks at once when a process prints that it dies of a bus error: what it shares is gone
        a moment later."""
        if _BUS_ERROR.search(line):
            self.look()

    def was_full(self):
        return bool(self._size) and (
            self._used >= self._FULL * self._size or self._asked > self._size)

    def explains(self, text):
        """Whether a bus error after this output comes from shared memory that ran out."""
        return self.was_full() or self._may_have_filled() and bool(_SHARES_MEMORY.search(text))

    def _may_have_filled(self):
        return 0 < self._size <= self._used + self._UNSEEN

    def sentence(self, text):
        """What was seen of it, for a bus error after this output."""
        if not self._size:
            return "%s cannot be measured" % self._folder
        seen = "%s held up to %d of %d MiB, looked at once a second" % (
            self._folder, self._used >> 20, self._size >> 20)
        if self._asked > self._size:
            return "%s, and its files were to hold %d MiB" % (seen, self._asked >> 20)
        if self.was_full():
            return seen
        if self.explains(text):
            return seen + ", and the process shared memory, which is freed as it dies"
        if self._may_have_filled():
            return seen + (
                "; most likely it ran full in between (what a process shares is freed as it "
                "dies): raise spec.resources.infer.sharedMemory; if that does not help, a mapped "
                "file was cut off, or a disk was full")
        return seen + (": it was probably not short; a mapped file that was cut off, or a full "
                       "disk, ends a process in the same way")


def _file_sizes(folder):
    """Bytes that the files of a folder are to hold, which may be more than it can."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_file(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
                except OSError:
                    # Gone meanwhile.
                    continue
    except OSError:
        # As much as could be seen.
        return total
    return total

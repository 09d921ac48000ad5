"""Whether the kernel killed for memory: the control group's own counter."""
import os

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

    def __init__(self, folder):
        self._folder = folder
        self._used = self._size = 0
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

    def was_full(self):
        return bool(self._size) and self._used >= self._FULL * self._size

    def sentence(self):
        if not self._size:
            return "%s cannot be measured" % self._folder
        return "%s held up to %d of %d MiB, looked at once a second%s" % (
            self._folder, self._used >> 20, self._size >> 20,
            "" if self.was_full() else ": it was probably not short; a mapped file that was cut "
            "off, or a full disk, ends a process in the same way")

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


def host_memory_low(limit_fraction=0.03):
    """True when the machine itself has next to no memory left."""
    try:
        pages = os.sysconf("SC_AVPHYS_PAGES")
        return pages / float(os.sysconf("SC_PHYS_PAGES")) < limit_fraction
    except (ValueError, OSError):
        return False

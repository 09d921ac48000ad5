"""What a rank tells the launcher: one small JSON file, whole at any time."""
import os
import time

from .files import read_json, write_json
from .redaction import one_line

_WRITE_SECONDS = 0.5


def state_file(folder, rank):
    return os.path.join(folder, "rank-%d.json" % rank)


class RankState:
    """The rank's side: counts, what each data set came to, and the error that ended it."""

    def __init__(self, folder, rank):
        self._path = state_file(folder, rank)
        self._datasets = {}
        self._document = {"rank": rank, "pid": os.getpid(), "datasets": self._datasets}
        self._written = 0.0

    def dataset(self, name):
        return self._datasets.setdefault(name, {})

    def update(self, name, now=False, **fields):
        """Sets fields of a data set; written at most every half second unless `now`."""
        self.dataset(name).update(fields)
        if now or time.monotonic() - self._written >= _WRITE_SECONDS:
            self.write()

    def set(self, key, value):
        self._document[key] = value
        self.write()

    def fail(self, cause, message, phase, dataset=None):
        """Records the first error; later ones are its consequences."""
        if "error" not in self._document:
            self._document["error"] = {
                "cause": cause, "message": one_line(message, 1500), "phase": phase,
                "dataset": dataset, "time": time.time()}
        self.write()

    def write(self):
        self._written = time.monotonic()
        try:
            write_json(self._path, self._document)
        except OSError:
            pass  # a full disk shows itself where it matters


def read_states(folder, world_size):
    """The launcher's side: each rank's document, empty where there is none yet."""
    return [read_json(state_file(folder, rank)) or {} for rank in range(world_size)]


def clear_states(folder, world_size):
    for rank in range(world_size):
        try:
            os.unlink(state_file(folder, rank))
        except FileNotFoundError:
            pass

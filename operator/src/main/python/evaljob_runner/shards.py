"""The harness's partial predictions: written whole, flushed when told to end, dropped when broken."""
import glob
import os
import pickle
import re
import sys

_SHARD = re.compile(r"^\d{2,}_.+\.pkl$")
_AUXILIARY = ("_PREV.pkl", "_checkpoint.pkl", "_structs.pkl", "_supp.pkl")


def atomic_dump(dump):
    """The harness's `dump(data, file, ...)`, writing a neighbour that is then renamed."""

    def dump_whole(data, f, **options):
        folder, name = os.path.split(f)
        # The suffix decides the format, so it stays last; the prefix matches no pattern of the harness.
        temporary = os.path.join(folder, ".evaljob-%d-%s" % (os.getpid(), name))
        try:
            result = dump(data, temporary, **options)
            if not os.path.exists(temporary):
                # Written elsewhere by a format of its own: then as the harness does it.
                return dump(data, f, **options)
            with open(temporary, "rb+") as written:
                os.fsync(written.fileno())
            os.replace(temporary, f)
            return result
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)

    return dump_whole


def write_shard(shard, path):
    """Pickles a live shard whole."""
    atomic_dump(_pickle)(dict(shard), path)


def _pickle(data, path):
    with open(path, "wb") as out:
        pickle.dump(data, out)


def drop_broken(folder):
    """Removes pickles below a folder that cannot be loaded, and leftovers of atomic writes.

    A truncated shard would fail every later run that reuses it. Loading runs what the pickle
    says: these files were written by the same harness in the same work folder.
    """
    dropped = []
    for path in glob.iglob(os.path.join(glob.escape(folder), "**", "*.pkl"), recursive=True):
        name = os.path.basename(path)
        if not (_SHARD.match(name) or name.endswith(_AUXILIARY)) or os.path.islink(path):
            continue
        try:
            with open(path, "rb") as source:
                whole = isinstance(pickle.load(source), (dict, list))
        except FileNotFoundError:
            continue  # another rank dropped it
        except Exception:
            whole = False
        if not whole:
            _remove(path)
            dropped.append(name)
    return dropped


def foreign_shards(model_folder, shard, rank, world):
    """What ranks of another world size left of the data set that a rank's shard is of."""
    own = "%d%d" % (rank, world)
    name = os.path.basename(shard)
    if not name.startswith(own + "_"):
        return []
    suffix = name[len(own):]
    siblings = {"%d%d%s" % (other, world, suffix) for other in range(world)}
    found = glob.glob(os.path.join(glob.escape(model_folder), "**", "*" + glob.escape(suffix)),
                      recursive=True)
    return sorted(path for path in found if os.path.basename(path) not in siblings
                  and os.path.basename(path)[:-len(suffix)].isdigit())


def drop_foreign(model_folder, dataset):
    """Removes the shards of a data set whose predictions are whole."""
    pattern = os.path.join(glob.escape(model_folder), "**", "*_" + glob.escape(dataset) + ".pkl")
    for path in glob.glob(pattern, recursive=True):
        if os.path.basename(path)[:-len(dataset) - 5].isdigit():
            _remove(path)


def drop_leftovers(folder):
    """Removes what atomic writes of a killed process left; only before any rank runs."""
    for path in glob.iglob(
            os.path.join(glob.escape(folder), "**", ".evaljob-*"), recursive=True):
        if os.path.isfile(path) and not path.endswith(".lock"):
            _remove(path)


def _remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


class LiveShard:
    """The dictionary that a rank's inference loop is filling, found in the loop's own frame."""

    def __init__(self):
        self.data = None
        self.path = None

    def find(self, depth=12):
        """Looks up the callers for `infer_data` and takes its `res` and `out_file`."""
        frame = sys._getframe(1)
        while frame is not None and depth:
            if frame.f_code.co_name == "infer_data":
                values = frame.f_locals
                if isinstance(values.get("res"), dict) and values.get("out_file"):
                    self.data, self.path = values["res"], str(values["out_file"])
                return
            frame = frame.f_back
            depth -= 1

    def clear(self):
        self.data = self.path = None

    def flush(self):
        """Writes what is there; gives the number of samples, 0 when there is nothing."""
        if not self.data or not self.path:
            return 0
        write_shard(self.data, self.path)
        return len(self.data)

"""What a rank has answered so far, a sample at a time, beside the harness's own partial files.

The harness writes all answers of a rank again after every tenth sample, so a kill costs up to nine
of them, and a rank count that changes costs all. The journal costs one small append a sample:
`length, checksum, pickle of (index, answer)`, read up to the first record that is not whole.
"""
import errno
import glob
import itertools
import os
import pickle
import re
import struct
import time
import zlib

from .files import safe_name
from .shards import foreign_shards, write_shard

_HEAD = struct.Struct("<II")
_LIMIT = 1 << 30
_NAME = re.compile(r"^(\d+)-of-(\d+)\.journal$")
# A killed process loses nothing that was written; syncing is for a node that dies, and a slow
# volume must not slow the model down by more than this share of its time.
_SYNC_SHARE = 0.02


def folder_of(states, dataset):
    """Where the journals of one data set lie."""
    return os.path.join(states, "journal", safe_name(dataset))


def drop(states, dataset):
    """Removes the journals of a data set whose predictions are whole."""
    folder = folder_of(states, dataset)
    for path in glob.glob(os.path.join(glob.escape(folder), "*.journal")):
        os.unlink(path)
    if os.path.isdir(folder):
        os.rmdir(folder)


class Journal:
    """One rank's append-only file of one data set."""

    def __init__(self, states, dataset, rank, world):
        self._folder = folder_of(states, dataset)
        self.path = os.path.join(self._folder, "%d-of-%d.journal" % (rank, world))
        self._file = None
        self._known = 0
        self._busy = False
        self._began = time.monotonic()
        self._syncing = 0.0

    def open(self, known):
        """Opens for appending behind the last whole record; `known` answers are in it already."""
        os.makedirs(self._folder, exist_ok=True)
        whole = 0
        for _, whole in records(self.path):
            pass
        self._file = open(self.path, "ab", buffering=0)
        self._file.truncate(whole)
        self._known = known
        _sync_folder(self._folder)
        return self

    def take(self, answers):
        """Appends what entered the dictionary since the last call; gives how many there were.

        A signal's handler may call it while the loop does: then the loop's own call finishes, or
        the process ends and the sample at hand is done again.
        """
        count = len(answers) - self._known
        if self._file is None or count <= 0 or self._busy:
            return 0
        self._busy = True
        try:
            # Dictionaries keep their order, so what is new is at the end.
            fresh = list(itertools.islice(reversed(answers.items()), count))
            data = b"".join(_record(item) for item in reversed(fresh))
            if self._file.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
            self._known += count
            self._sync()
        finally:
            self._busy = False
        return count

    def _sync(self):
        now = time.monotonic()
        if self._syncing <= _SYNC_SHARE * (now - self._began) or self._known <= 1:
            os.fsync(self._file.fileno())
            self._syncing += time.monotonic() - now

    def close(self):
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def _record(item):
    data = pickle.dumps(item, protocol=4)
    return _HEAD.pack(len(data), zlib.crc32(data)) + data


def records(path):
    """Pairs ((index, answer), end of the record) up to the first that is torn or broken."""
    try:
        source = open(path, "rb")
    except FileNotFoundError:
        return
    end = 0
    with source:
        while True:
            head = source.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            length, checksum = _HEAD.unpack(head)
            data = source.read(length) if length <= _LIMIT else b""
            if len(data) < length or zlib.crc32(data) != checksum or length > _LIMIT:
                return
            end += _HEAD.size + length
            try:
                item = pickle.loads(data)
            except Exception:  # a class that this image does not have any more: redone, not fatal
                continue
            yield item, end


def collect(states, dataset, wanted, rank, world):
    """The answers of `wanted` samples that any rank of any world size wrote down.

    This rank's own journal wins over others', so that two runs of one sample never mix.
    """
    answers = {}
    folder = folder_of(states, dataset)
    own = "%d-of-%d.journal" % (rank, world)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in sorted(names, key=lambda name: name != own):
        match = _NAME.match(name)
        if match is None or (int(match.group(2)) == world and name != own):
            continue  # other ranks of this world size have other samples
        for (index, answer), _ in records(os.path.join(folder, name)):
            if index in wanted and index not in answers:
                answers[index] = answer
    return answers


def restore(states, model_folder, dataset, indices, rank, world, shard):
    """Puts what is known of a rank's samples into its shard, before the harness reads it.

    Known is what the shard itself holds, then the journals, then shards that ranks of another world
    size left. Gives the number of answers in the shard, and those that came from elsewhere.
    """
    wanted = set(indices)
    held = _held(shard)
    known = {index: held[index] for index in held if index in wanted}
    before = len(known)
    for index, answer in collect(states, dataset, wanted, rank, world).items():
        known.setdefault(index, answer)
    if len(known) < len(wanted):
        for path in foreign_shards(model_folder, shard, rank, world):
            for index, answer in _held(path).items():
                if index in wanted:
                    known.setdefault(index, answer)
    if len(known) > before or (len(held) > before and known):
        # In the order of the data set, as the harness itself would have written it.
        write_shard({index: known[index] for index in indices if index in known}, shard)
    return len(known), len(known) - before


def _held(path):
    try:
        with open(path, "rb") as source:
            found = pickle.load(source)
    except Exception:  # missing or broken: what it held is redone
        return {}
    return found if isinstance(found, dict) else {}


def _sync_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems cannot sync a folder
    finally:
        os.close(descriptor)

"""Files that are either whole or not there."""
import contextlib
import errno
import hashlib
import json
import os
import re
import time

try:
    import fcntl
except ImportError:  # pragma: no cover - the runner's platforms have it
    fcntl = None


def write_atomically(path, data):
    """Writes bytes or text to a temporary neighbour, syncs it, and renames it over `path`."""
    if isinstance(data, str):
        data = data.encode("utf-8")
    temporary = "%s.%d.tmp" % (path, os.getpid())
    try:
        with open(temporary, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_json(path, value):
    """Writes a JSON document atomically."""
    write_atomically(path, json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n")


def read_json(path, limit=4 * 1024 * 1024, **options):
    """A JSON document of at most `limit` bytes, or None when it is missing, too big or broken."""
    try:
        with open(path, "rb") as source:
            data = source.read(limit + 1)
    except OSError:
        return None
    if len(data) > limit:
        return None
    try:
        return json.loads(data.decode("utf-8"), **options)
    except (ValueError, RecursionError):
        return None


def safe_name(name):
    """A file name for any data set or model name, the name itself where it already is one."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:100]
    if cleaned == name and name not in (".", ".."):
        return name
    return "%s-%s" % (cleaned, hashlib.sha256(name.encode("utf-8")).hexdigest()[:8])


def make_private(path):
    """A new folder only this user can read; an existing one is left as it is."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def tail(path, limit):
    """The last `limit` bytes of a text file, empty when there is none."""
    try:
        with open(path, "rb") as source:
            source.seek(0, os.SEEK_END)
            source.seek(max(0, source.tell() - limit))
            return source.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def md5(path):
    """The MD5 of a file, in hexadecimal: the harness's tables have no other checksum."""
    summed = hashlib.md5()
    with open(path, "rb") as source:
        for block in iter(lambda: source.read(1024 * 1024), b""):
            summed.update(block)
    return summed.hexdigest()


class FolderLock:
    """An exclusive lock on a folder, held by this process and every child that inherits it."""

    def __init__(self, folder, name=".evaljob.lock"):
        self._path = os.path.join(folder, name)
        self._descriptor = None

    @property
    def descriptors(self):
        """What a child must inherit (`pass_fds`) to hold the lock as long as it lives."""
        return () if self._descriptor is None else (self._descriptor,)

    def acquire(self, stop, seconds):
        """True when taken within the time; also True where the file system has no locks."""
        if fcntl is None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._descriptor = descriptor
                return True
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK):
                    os.close(descriptor)
                    return True
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return False
            stop.pause(0.2)

    def release(self):
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

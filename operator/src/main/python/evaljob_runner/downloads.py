"""One file by its address: resumed where it stopped, whole before it has its name."""
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request

from .files import read_json, write_json
from .log import say

_TRIES = 4
_SECONDS = 60.0
_BLOCK = 1024 * 1024
# The harness goes there itself when the hub does not answer.
_HUB, _MIRROR = "huggingface.co", "hf-mirror.com"


def fetch(url, path, pause=time.sleep):
    """Fetches a file to a path and gives the path; an OSError says what was tried."""
    addresses = [url] + ([url.replace(_HUB, _MIRROR)] if _HUB in url else [])
    failures = []
    for address in addresses:
        for number in range(_TRIES):
            if number:
                pause(2.0 ** number)
            try:
                _fetch(address, path)
                return path
            except urllib.error.HTTPError as error:
                failures.append("%s answered %d" % (address, error.code))
                if error.code < 500 and error.code not in (408, 429):
                    break
            except (OSError, http.client.HTTPException, ValueError) as error:
                failures.append("%s: %s" % (address, getattr(error, "reason", None) or error))
                if getattr(error, "errno", None) in (28, 122):
                    raise  # the volume is full: the next address would meet the same
    raise OSError("cannot fetch %s" % "; ".join(dict.fromkeys(failures)))


def _fetch(url, path):
    part, note = path + ".part", path + ".part.json"
    have = os.path.getsize(part) if os.path.exists(part) else 0
    known = read_json(note) or {}
    headers = {"User-Agent": "evaljob", "Accept-Encoding": "identity"}
    mark = known.get("mark") if known.get("url") == url else None
    if have and mark:
        # Only if it is still the same file: otherwise all of it comes again.
        headers.update({"Range": "bytes=%d-" % have, "If-Range": mark})
    else:
        have = 0
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        resumed = have > 0 and answer.status == 206
        mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if not resumed:
            write_json(note, {"url": url, "mark": None if mark and mark.startswith("W/") else mark})
        elif have:
            say("%s: goes on at %d MiB" % (os.path.basename(path), have >> 20))
        length = answer.headers.get("Content-Length")
        with open(part, "ab" if resumed else "wb") as out:
            shutil.copyfileobj(answer, out, _BLOCK)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
    expected = None if length is None else int(length) + (have if resumed else 0)
    if expected is not None and size != expected:
        raise OSError("%s ended after %d of %d bytes" % (url, size, expected))
    os.replace(part, path)
    os.unlink(note)

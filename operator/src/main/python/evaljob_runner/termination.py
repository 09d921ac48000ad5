"""The termination message: the fallback when no report arrives."""
import json
import os

from . import SCHEMA_VERSION
from .files import write_atomically
from .log import redact, say
from .redaction import one_line

LIMIT = 4096


def message(stage, outcome, cause, text, progress, digest):
    """The message as JSON of at most 4096 bytes; the text gives way first."""
    document = {"schemaVersion": SCHEMA_VERSION, "stage": stage, "outcome": outcome,
                "cause": cause, "message": "", "digest": digest}
    document.update(progress)
    text = one_line(redact(text), 2048)
    while True:
        document["message"] = text
        data = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
        if len(data) <= LIMIT or not text:
            return data
        text = one_line(text, len(text) - max(1, (len(data) - LIMIT) // 6))


def write(path, data):
    """Writes the message; a mounted file cannot be renamed over, so it is then written in place."""
    if not path:
        return
    try:
        if os.path.exists(path):
            # The kubelet mounts a file: renaming over a mount point fails, and it reads only at the end.
            with open(path, "w", encoding="ascii") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
        else:
            write_atomically(path, data)
    except OSError as error:
        say("the termination message cannot be written to %s: %s" % (path, error.strerror))

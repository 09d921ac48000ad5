"""Plain lines on standard output, one prefix, no secrets."""
import os
import sys
import threading

from .redaction import Redactor, printable

_LOCK = threading.Lock()
_REDACT = Redactor(os.environ)
_MAX_LINE = 8192


def redact(text):
    """The text without the secrets of this process's environment."""
    return _REDACT(text)


def say(message, source="evaljob"):
    """Prints one message, each of its lines behind `[source]`."""
    for line in printable(redact(message)).splitlines() or [""]:
        if len(line) > _MAX_LINE:
            line = line[:_MAX_LINE] + "\u2026"
        with _LOCK:
            try:
                sys.stdout.write("[%s] %s\n" % (source, line))
                sys.stdout.flush()
            except (OSError, ValueError):
                return
            except UnicodeEncodeError:
                sys.stdout.write("[%s] %s\n" % (source, line.encode("ascii", "replace").decode()))
                sys.stdout.flush()

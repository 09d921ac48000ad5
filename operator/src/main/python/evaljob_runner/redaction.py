"""Secrets taken out of every line before it is printed or reported."""
import re

_SECRET_NAME = re.compile(r"(^|_)(TOKEN|KEY|PASSWORD|PASSWD|SECRET|CREDENTIALS?)$", re.IGNORECASE)
_ASSIGNMENT = re.compile(
    r"((?:api[ _-]?key|authorization|bearer|access[ _-]?token|hf_token|"
    r"[A-Za-z0-9_]*(?:_KEY|_TOKEN|_SECRET|_PASSWORD))['\"]?\s*[:=]\s*['\"]?)"
    r"(?:bearer\s+)?[^\s'\",;}\])]+", re.IGNORECASE)
_KNOWN_SHAPES = re.compile(
    r"\b(hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{12,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*)")
_USER_INFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
HIDDEN = "[redacted]"


class Redactor:
    """Replaces the values of secret variables and whatever looks like a key."""

    def __init__(self, environment):
        values = {value for name, value in environment.items()
                  if _SECRET_NAME.search(name) and len(value) >= 6}
        # Longest first, so that a value that holds another is replaced whole.
        self._values = sorted(values, key=len, reverse=True)

    def __call__(self, text):
        for value in self._values:
            text = text.replace(value, HIDDEN)
        text = _ASSIGNMENT.sub(r"\1" + HIDDEN, text)
        text = _USER_INFO.sub(r"\1" + HIDDEN + "@", text)
        return _KNOWN_SHAPES.sub(HIDDEN, text)


def printable(text):
    """The text without terminal escapes and control characters (tab and newline stay)."""
    return _CONTROL.sub(" ", _ESCAPE.sub("", text))


def one_line(text, limit):
    """The text as one printable line of at most `limit` characters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else line[:max(0, limit - 1)] + "\u2026"

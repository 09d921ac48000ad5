"""What a child prints: read at once, redacted, prefixed, the last lines kept."""
import collections
import re
import threading

from .log import say
from .redaction import printable

_MAX_LINE = 8192
_KEPT_LINES = 60
_KEPT_STACKS = 600
# A progress bar rewrites its line many times a second; its numbers come from elsewhere.
_BAR = re.compile(r"^.{0,200}?\d{1,3}%\|.*\|.*\[.*(it/s|s/it|\?it|<).*\]\s*$")


class Output:
    """Pumps one child's output to the log in a thread of its own, in bounded memory.

    `hear(line)` is told each line before it is logged.
    """

    def __init__(self, stream, source, hear=None):
        self._stream = stream
        self._source = source
        self._hear = hear
        self._kept = collections.deque(maxlen=_KEPT_STACKS)
        # Of bytes: a bar that moves counts, though it is no line of the log.
        self.read = 0
        self._thread = threading.Thread(
            target=self._pump, name="output-" + source, daemon=True)
        self._thread.start()

    def _pump(self):
        rest, skipping = b"", False
        with self._stream:
            while True:
                try:
                    chunk = self._stream.read1(65536)
                except (OSError, ValueError):
                    break
                if not chunk:
                    break
                self.read += len(chunk)
                *lines, rest = re.split(rb"[\r\n]+", rest + chunk)
                if skipping and lines:
                    lines, skipping = lines[1:], False
                for line in lines:
                    self._line(line)
                if skipping or len(rest) > _MAX_LINE:
                    # The end of a line this long is left out, whatever its length.
                    if not skipping:
                        self._line(rest)
                    rest, skipping = b"", True
        self._line(rest)

    def _line(self, data):
        line = printable(data[:_MAX_LINE].decode("utf-8", "replace")).rstrip()
        if not line or _BAR.match(line):
            return
        if self._hear is not None:
            self._hear(line)
        self._kept.append(line)
        say(line, self._source)

    def close(self, seconds=5.0):
        """Waits for the end of the stream; a grandchild that keeps it open is not waited for."""
        self._thread.join(seconds)

    def tail(self, lines=_KEPT_LINES):
        """The last lines, oldest first."""
        return list(self._kept)[-lines:]

    def stacks(self):
        """All lines kept: enough for the stacks of many threads."""
        return list(self._kept)

    def has_line(self, end):
        """Whether a line that ends in `end` is among those kept."""
        return any(line.endswith(end) for line in self.stacks())

"""Being told to end, and waiting in a way that notices it."""
import queue
import signal
import time

from .failures import Terminated


class Stop:
    """Set by SIGTERM or SIGINT; every wait of the launcher goes through its event queue."""

    def __init__(self):
        # SimpleQueue.put may be called from a signal handler; Condition and Queue may not.
        self.events = queue.SimpleQueue()
        self.requested = False
        self.signal_name = ""

    def install(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)
        return self

    def _handle(self, number, frame):
        self.request(signal.Signals(number).name)

    def request(self, name):
        if not self.requested:
            self.requested = True
            self.signal_name = name
        self.events.put(None)

    def check(self):
        """Raises Terminated once the pod was told to end."""
        if self.requested:
            raise Terminated(self.signal_name)

    def next_event(self, seconds):
        """The next event, None after the time; raises Terminated at once when told to end."""
        self.check()
        try:
            event = self.events.get(timeout=max(0.0, seconds))
        except queue.Empty:
            event = None
        self.check()
        return event

    def pause(self, seconds):
        """Waits, unless told to end; events that come meanwhile are kept."""
        kept = []
        deadline = time.monotonic() + seconds
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                event = self.next_event(left)
                if event is not None:
                    kept.append(event)
        finally:
            for event in kept:
                self.events.put(event)

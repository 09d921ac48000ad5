"""The report client: POST /v1/report, over TLS, with a token bound to this pod."""
import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from . import SCHEMA_VERSION
from .failures import REPORT_REJECTED, StageFailure, Terminated
from .log import redact, say
from .redaction import one_line

LIMIT = 64 * 1024
PATH = "/v1/report"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ATTEMPT_SECONDS = 35.0
# When told to end there is no time to lose; the termination message is written already.
_LAST_WORD_SECONDS = 2.0
_LAST_WORD_TRIES = 4
_FIRST_BACK_OFF = 0.5
_LAST_BACK_OFF = 15.0
# A token that was just rotated, or a pod the operator's cache has not seen yet.
_UNKNOWN_POD_SECONDS = 60.0
# A standby says at once that it is not the leader; the next connection may reach the leader, so
# that many tries are made without backing off. There is no leader for 14 s when one died.
_STANDBY_TRIES = 15


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes to the address given and to no other."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None


class Answer:
    """An HTTP answer: status (0 when there was none), seconds to wait, a short reason."""

    def __init__(self, status, retry_after=0.0, reason=""):
        self.status = status
        self.retry_after = retry_after
        self.reason = reason

    @property
    def stored(self):
        return self.status in (200, 202)

    @property
    def temporary(self):
        return self.status in (0, 429) or self.status >= 500

    @property
    def from_standby(self):
        return self.status == 503 and '"NotLeader"' in self.reason


class Endpoint:
    """One address to post to; a new connection each time, the token read anew each time."""

    def __init__(self, url, token_file, ca_file):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "https" and not (
                parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("%s is not https" % url)
        # The operator gives scheme, host and port; a path is for tests and proxies.
        self._url = url if parts.path.strip("/") else url.rstrip("/") + PATH
        self._token_file = token_file
        self._ca_file = ca_file
        self._tls = parts.scheme == "https"
        self._trusted = None

    def _trust(self):
        """Read once, beside the plan that was checked: the file may be replaced later."""
        if self._trusted is None:
            self._trusted = ssl.create_default_context(cafile=self._ca_file)
        return self._trusted

    def post(self, body, seconds=_ATTEMPT_SECONDS):
        headers = {"Content-Type": "application/json"}
        try:
            if self._token_file:
                with open(self._token_file, encoding="ascii") as source:
                    headers["Authorization"] = "Bearer " + source.read(65536).strip()
            request = urllib.request.Request(self._url, body, headers, method="POST")
            # No proxy: one named in the author's environment must not see the token.
            handlers = [urllib.request.ProxyHandler({}), _NoRedirects()]
            if self._tls:
                handlers.append(urllib.request.HTTPSHandler(context=self._trust()))
            with urllib.request.build_opener(*handlers).open(
                    request, timeout=seconds) as answer:
                answer.read(4096)
                return Answer(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                try:
                    reason = error.read(1024).decode("utf-8", "replace")
                except (OSError, http.client.HTTPException):
                    reason = ""
                return Answer(error.code, _seconds(error.headers.get("Retry-After")),
                              one_line(reason, 200))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(0, 0.0, one_line(str(error), 200))


def _seconds(value):
    try:
        return min(_LAST_BACK_OFF, max(0.0, float(value or 0)))
    except ValueError:
        return 0.0


class Reporter:
    """Posts progress in the background when it changed, and the final report until it is stored."""

    def __init__(self, settings, progress, endpoint):
        self._settings = settings
        self._progress = progress
        self._endpoint = endpoint
        self._sequence = 0
        self._preflight = None
        self._preflight_sent = False
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = None
        progress.on_change(self.changed)

    @staticmethod
    def create(settings, progress):
        """A reporter; without a report address it only says that reports are off."""
        if not settings.report_url:
            say("reports are off: EVALJOB_REPORT_URL is not set")
            return Reporter(settings, progress, None)
        try:
            endpoint = Endpoint(settings.report_url, settings.token_file, settings.ca_file)
        except ValueError as error:
            say("reports are off: EVALJOB_REPORT_URL: %s; use https" % error)
            endpoint = None
        return Reporter(settings, progress, endpoint)

    def start(self):
        if self._endpoint and self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="report", daemon=True)
            self._thread.start()

    def changed(self):
        """Tells that there is something new to report."""
        self._wake.set()

    def set_preflight(self, document):
        self._preflight = document
        self._preflight_sent = False
        self.changed()

    def _loop(self):
        back_off = 0.0
        sent = None
        while not self._closing.is_set():
            self._wake.wait()
            self._wake.clear()
            if self._closing.is_set():
                return
            current = self._progress.snapshot()
            if current != sent or not self._preflight_sent:
                answer = self._post(self._document(False))
                if answer.stored:
                    sent, back_off = current, 0.0
                    self._preflight_sent = True
                elif answer.from_standby:
                    back_off = max(_FIRST_BACK_OFF, answer.retry_after)
                    self._wake.set()
                elif answer.temporary:
                    back_off = min(_LAST_BACK_OFF, max(_FIRST_BACK_OFF, back_off * 2))
                    back_off = max(back_off, answer.retry_after)
                    self._wake.set()
                else:
                    say("a progress report was refused: %d %s" % (answer.status, answer.reason))
                    sent, back_off = current, _LAST_BACK_OFF
            self._closing.wait(max(self._settings.progress_seconds, back_off))

    def _document(self, last):
        self._sequence += 1
        document = {
            "schemaVersion": SCHEMA_VERSION, "podUID": self._settings.pod_uid,
            "sequence": self._sequence, "final": last, "stage": self._settings.stage,
            "attempt": self._settings.attempt, "progress": self._progress.snapshot()}
        if self._preflight is not None and (last or not self._preflight_sent):
            document["preflight"] = self._preflight
        return document

    def _post(self, document, seconds=_ATTEMPT_SECONDS):
        return self._endpoint.post(encode(document), seconds)

    def _close(self, seconds=_ATTEMPT_SECONDS):
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def last_word(self):
        """One last progress report when told to end, tried once at the leader."""
        if self._endpoint:
            self._close(_LAST_WORD_SECONDS)
            for _ in range(_LAST_WORD_TRIES):
                if not self._post(self._document(False), _LAST_WORD_SECONDS).from_standby:
                    return

    def finish(self, results, failure, stop):
        """Posts the final report until it is stored; False when the time ran out.

        Raises a StageFailure when the endpoint refuses it for good.
        """
        if not self._endpoint:
            return True
        self._close()
        deadline = time.monotonic() + self._settings.final_report_seconds
        known_by = time.monotonic() + min(_UNKNOWN_POD_SECONDS, self._settings.final_report_seconds)
        back_off = _FIRST_BACK_OFF
        standbys = 0
        said = None
        while True:
            document = self._document(True)
            if results:
                document["results"] = [row.document() for row in results]
            if failure is not None:
                document["failure"] = {
                    "cause": failure.cause, "message": one_line(redact(failure.message), 1024)}
            answer = self._post(document)
            if answer.status == 200:
                return True
            refused = not answer.temporary and not answer.stored
            if answer.status == 409:
                # An older container of this pod counted further.
                self._sequence += 1000
                refused = False
            if answer.status in (401, 403) and time.monotonic() < known_by:
                refused = False
            if refused:
                raise StageFailure(REPORT_REJECTED, "the report endpoint refused the final report: "
                                   "%d %s" % (answer.status, answer.reason))
            # Every other connection may reach a standby: that alone is not worth a line.
            if said != answer.status and not (answer.from_standby and standbys < _STANDBY_TRIES):
                said = answer.status
                say("the final report is not stored yet (%s); trying again"
                    % (" ".join((str(answer.status or "no answer"), answer.reason))).strip())
            pause = max(back_off, answer.retry_after)
            standbys += answer.from_standby
            if not answer.from_standby or standbys > _STANDBY_TRIES:
                back_off = min(_LAST_BACK_OFF, back_off * 2)
            if time.monotonic() + pause > deadline:
                say("the final report was not stored in %.0f s; the termination message stands"
                    % self._settings.final_report_seconds)
                return False
            try:
                stop.pause(pause)
            except Terminated:
                return False


def encode(document):
    """The document as at most 64 KiB of JSON: notes, then messages, then rows give way."""
    data = _dump(document)
    if len(data) <= LIMIT:
        return data
    document = json.loads(data.decode("ascii"))
    preflight = document.get("preflight")
    if preflight:
        preflight["notes"] = [one_line(note, 100) for note in preflight.get("notes", [])[:8]]
    for limit in (128, 48, 0):
        for row in document.get("results", ()):
            row["message"] = one_line(row["message"], limit)
        data = _dump(document)
        if len(data) <= LIMIT:
            return data
    for key in ("preflight", "results"):
        document.pop(key, None)
        data = _dump(document)
        if len(data) <= LIMIT:
            return data
    return data


def _dump(document):
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode("ascii")

"""A judge model by its address: the only way there, and the only place that knows the key.

The harness speaks to this gateway on the loopback address with a key that is worth nothing, and the
gateway passes its questions on with the real one. So the key is in no environment, command line or
log of the harness; a key that does not begin with `sk-` works, which the harness would take for none
and fall back to exact matching; and how many answers came, from which model, is counted here.
"""
import http.client
import http.server
import json
import re
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request

from .failures import JUDGE_FAILED, StageFailure
from .log import redact
from .redaction import one_line

# The harness wants every key to begin so.
KEY = "sk-evaljob-"
COMPLETIONS = "/chat/completions"
_SECONDS = 600.0
# The harness gives them to its client by hand, which then asks them for loopback addresses too.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
# Names that the harness takes for something else than a server of this kind.
_TAKEN = ("exact_matching", "qwen-7b", "qwen-72b", "deepseek", "llama31-8b")
_LIMIT = 64 * 1024 * 1024


def harness_name(model):
    """A name that the harness can put into a file name, for a model of whatever name."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", model)
    return name + "-judge" if name in _TAKEN else name


class Calls:
    """What was asked for one data set, and what came back."""

    def __init__(self):
        self.asked = 0
        self.answered = 0
        self.models = set()
        self.error = ""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The key goes to the address given and to no other."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None


class JudgeGateway:
    """Passes chat completions on to a judge; use as a context manager around the harness."""

    def __init__(self, judge, key):
        self._judge = judge
        self._key = key
        url = judge.url.rstrip("/")
        self._url = url if url.endswith(COMPLETIONS) else url + COMPLETIONS
        self._lock = threading.Lock()
        self._calls = {}
        # A proxy passes TLS on unread; over plain HTTP it would read the key.
        proxies = {name: proxy for name, proxy in urllib.request.getproxies().items()
                   if name in ("https", "no")}
        self._opener = urllib.request.build_opener(
            _NoRedirects(), urllib.request.ProxyHandler(proxies),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()))
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                gateway._answer(self)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def environment(self, environment):
        """The harness's environment: this gateway for its judge, and no key that is worth anything."""
        result = {name: value for name, value in environment.items()
                  if name.lower() not in _PROXIES and not name.endswith("_API_KEY")}
        result.update(OPENAI_API_KEY=KEY, OPENAI_API_BASE=self.address,
                      LOCAL_LLM=self._judge.model)
        return result

    def arguments(self):
        """What the harness is told beside its environment; some of its classes look at this alone."""
        return ["--judge", harness_name(self._judge.model), "--judge-args",
                json.dumps({"key": KEY, "api_base": self.address})]

    @property
    def address(self):
        """The full address of chat completions, for the harness."""
        return "http://127.0.0.1:%d/v1%s" % (self._server.server_address[1], COMPLETIONS)

    def calls(self, label):
        """What was asked with `KEY + label` as the key."""
        with self._lock:
            return self._calls.setdefault(label, Calls())

    def check(self):
        """Asks the judge once; a StageFailure says why it cannot be used."""
        body = json.dumps({"model": self._judge.model, "max_tokens": 1, "messages": [
            {"role": "user", "content": "Answer with A."}]}).encode("utf-8")
        calls = Calls()
        self._ask(body, calls)
        if not calls.answered:
            raise StageFailure(JUDGE_FAILED, "the judge of spec.scoring.judge cannot be used: %s; "
                               "correct its url, model or apiKeySecretRef" % calls.error)

    def _answer(self, handler):
        label = handler.headers.get("Authorization", "").partition(KEY)[2].strip()
        try:
            length = int(handler.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= _LIMIT:
            return _reply(handler, 400, b'{"error":{"message":"Content-Length is needed"}}')
        status, data = self._ask(handler.rfile.read(length), self.calls(label))
        return _reply(handler, status, data)

    def _ask(self, body, calls):
        """Passes one question on; (status, body) for the harness."""
        with self._lock:
            calls.asked += 1
        try:
            document = json.loads(body.decode("utf-8"))
            document["model"] = self._judge.model
            document.pop("stream", None)
            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = "Bearer " + self._key
            request = urllib.request.Request(
                self._url, json.dumps(document).encode("utf-8"), headers, method="POST")
            with self._opener.open(request, timeout=_SECONDS) as answer:
                data = answer.read(_LIMIT)
            model = str(json.loads(data.decode("utf-8")).get("model") or self._judge.model)
        except urllib.error.HTTPError as error:
            with error:
                try:
                    text = error.read(4096)
                except (OSError, http.client.HTTPException):
                    text = b""
            return self._failed(calls, error.code, "%s answered %d %s" % (
                self._url, error.code, text.decode("utf-8", "replace")))
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            return self._failed(calls, 502, "%s: %s" % (
                self._url, getattr(error, "reason", None) or error))
        with self._lock:
            calls.answered += 1
            calls.models.add(one_line(model, 128))
        return 200, data

    def _failed(self, calls, status, text):
        text = one_line(redact(text.replace(self._key, "[redacted]") if self._key else text), 300)
        with self._lock:
            calls.error = text
        # A redirect would be followed by the harness, to wherever it leads.
        status = status if status >= 400 else 502
        return status, json.dumps({"error": {"message": text}}).encode("utf-8")


def _reply(handler, status, data):
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)

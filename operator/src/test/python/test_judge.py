"""A judge model by its address: the key, what is counted, and what is said when it does not answer."""
import http.server
import json
import os
import threading
import unittest

import fake_harness
from evaljob_runner.judge import harness_name
from support import Container, LoopbackServer, ReportServer, plan_with

# Without the beginning that the harness wants.
KEY = "quite-secret-key-of-the-team"


class JudgeServer(LoopbackServer):
    """A server that speaks as OpenAI's does, and answers A to whoever has the key."""

    def __init__(self, failing_after=None, redirect=None):
        self.questions = []
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])).decode())
                with outer.lock:
                    outer.questions.append((self.path, self.headers["Authorization"], body))
                    count = len(outer.questions)
                status, answer = 200, {"model": "judge-7b-v2", "choices": [
                    {"message": {"role": "assistant", "content": "A"}}]}
                if self.headers["Authorization"] != "Bearer " + KEY:
                    status, answer = 401, {"error": "wrong key " + self.headers["Authorization"]}
                elif failing_after is not None and count > failing_after:
                    status, answer = 503, {"error": "the model is being loaded"}
                elif redirect:
                    status, answer = 307, {}
                data = json.dumps(answer).encode()
                self.send_response(status)
                if redirect:
                    self.send_header("Location", redirect)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        super().__init__(Handler)
        self.url = "http://%s/v1" % self.address


class JudgeTest(Container):

    def setUp(self):
        super().setUp()
        fake_harness.install(self.path("python"))
        self.write("{}", "volumes", "models", "weights", "config.json")
        for name in ("first", "second"):
            self.write(fake_harness.table(4), "volumes", "models", name + ".tsv")

    def plan(self, url, mode="Judge", answer="the former", names=("first", "second")):
        scoring = {"mode": mode}
        if mode == "Judge":
            scoring["judge"] = {"url": url, "model": "team/judge-7b"}
        self.write_plan(plan_with(
            harness={"kind": "VLMEvalKit", "dialect": "StatusFile"},
            model__source={"kind": "Volume", "volume": "models", "path": "weights"},
            model__parameters={"answer": answer}, scoring=scoring,
            datasets=[{"name": name, "volume": "models", "path": name + ".tsv"}
                      for name in names]))
        self.run_stage("infer")

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8") as source:
            return json.load(source)

    def score(self, expected=0, **environment):
        with ReportServer() as reports:
            output = self.run_stage("score", expected, EVALJOB_REPORT_URL=reports.url, **environment)
            return reports.final(), output

    def assert_key_nowhere(self, *texts):
        for text in texts:
            self.assertNotIn(KEY, text)
        for folder, _, names in os.walk(self.home):
            for name in names:
                with open(os.path.join(folder, name), "rb") as source:
                    self.assertNotIn(KEY.encode(), source.read(), name)

    def test_a_key_of_any_form_reaches_the_judge_and_nobody_else(self):
        with JudgeServer() as judge:
            self.plan(judge.url)
            final, output = self.score(
                EVALJOB_JUDGE_KEY=KEY, http_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9")
        self.assertEqual([("Succeeded", "Overall Acc", "50", "judge-7b-v2", "")] * 2, [
            (row["phase"], row["metric"], row["score"], row["judge"], row["message"])
            for row in final["results"]])
        # One to see whether it works, then each answer.
        self.assertEqual(1 + 2 * 4, len(judge.questions))
        self.assertEqual({("/v1/chat/completions", "Bearer " + KEY, "team/judge-7b")}, {
            (path, key, body["model"]) for path, key, body in judge.questions})
        self.assert_key_nowhere(output, json.dumps(final))
        self.assertEqual({"url": judge.url, "model": "team/judge-7b"},
                         self.read("workspace", "vlm", "job", "7c9e6679aabb", "base",
                                   "results.json")["scoring"]["judge"])

    def test_a_judge_that_refuses_ends_the_stage_before_the_harness_starts(self):
        with JudgeServer() as judge:
            self.plan(judge.url)
            final, output = self.score(1, EVALJOB_JUDGE_KEY="another-secret-key")
        self.assertEqual("JudgeFailed", final["failure"]["cause"])
        self.assertIn("the judge of spec.scoring.judge cannot be used: %s/chat/completions answered "
                      "401" % judge.url, final["failure"]["message"])
        self.assertIn("apiKeySecretRef", final["failure"]["message"])
        self.assertNotIn("another-secret-key", output + json.dumps(final))
        self.assertNotIn("judge team", output)

    def test_an_address_that_nobody_answers_is_named(self):
        with JudgeServer() as judge:
            pass
        self.plan(judge.url)
        final, _ = self.score(1)
        self.assertEqual("JudgeFailed", final["failure"]["cause"])
        self.assertIn("Connection refused", final["failure"]["message"])

    def test_a_judge_that_stops_answering_is_no_exact_matching(self):
        # The harness falls back to comparing texts and reports a score all the same.
        with JudgeServer(failing_after=1 + 4 + 2) as judge:
            self.plan(judge.url)
            final, output = self.score(0, EVALJOB_JUDGE_KEY=KEY)
            rows = final["results"]
            self.assertEqual("Succeeded", rows[0]["phase"])
            self.assertIn("2 of 4 questions to the judge failed", rows[1]["message"])
        with JudgeServer(failing_after=1) as judge:
            self.write_plan(plan_with(**dict(self.changes(judge.url), run__hash="another")))
            self.run_stage("infer")
            final, _ = self.score(1, EVALJOB_JUDGE_KEY=KEY)
        self.assertEqual("Failed", final["results"][0]["phase"])
        self.assertIn("the judge team/judge-7b did not answer: %s/chat/completions answered 503 "
                      % judge.url, final["results"][0]["message"])

    def changes(self, url):
        plan = self.read("plan", "plan.json")
        plan["scoring"]["judge"]["url"] = url
        return {name: plan[name] for name in ("harness", "model", "scoring", "datasets")}

    def test_the_key_follows_no_redirect(self):
        with JudgeServer() as other, JudgeServer(redirect=other.url) as judge:
            self.plan(judge.url)
            final, _ = self.score(1, EVALJOB_JUDGE_KEY=KEY)
        self.assertEqual("JudgeFailed", final["failure"]["cause"])
        self.assertEqual([], other.questions)

    def test_a_judge_that_was_not_asked_is_said(self):
        with JudgeServer() as judge:
            self.plan(judge.url, answer="A", names=("first",))
            final, _ = self.score(EVALJOB_JUDGE_KEY=KEY)
        self.assertEqual(("", "the harness asks no judge about this data set"), (
            final["results"][0]["judge"], final["results"][0]["message"]))

    def test_without_a_judge_exact_matching_is_said(self):
        self.plan("", mode="DatasetDefault", names=("first",))
        final, output = self.score()
        self.assertEqual(("exact_matching", "scored by exact matching: no judge's key"), (
            final["results"][0]["judge"], final["results"][0]["message"]))
        self.assertIn("spec.scoring.judge names one", output)

    def test_names_for_the_harness_fit_into_file_names(self):
        self.assertEqual("team-judge-7b", harness_name("team/judge-7b"))
        # It would take this one for a model that it loads itself.
        self.assertEqual("llama31-8b-judge", harness_name("llama31-8b"))


if __name__ == "__main__":
    unittest.main()

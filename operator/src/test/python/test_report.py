"""Reports: retried until stored, bounded, over TLS, with a token that rotates."""
import os
import unittest
from types import SimpleNamespace

from evaljob_runner import report, results, termination
from evaljob_runner.failures import StageFailure
from evaljob_runner.progress import Progress
from evaljob_runner.report import Endpoint, Reporter, encode
from evaljob_runner.stop import Stop
from support import Container, ReportServer, certificate, plan_with


class ReporterTest(Container):

    def reporter(self, url, token="token", seconds=20.0, **more):
        self.token = self.write(token, "token")
        settings = SimpleNamespace(
            pod_uid="pod-uid", stage="Score", attempt=2, progress_seconds=0.01,
            final_report_seconds=seconds)
        self.progress = Progress(["first"])
        return Reporter(settings, self.progress, Endpoint(url, self.token, more.get("ca")))

    def test_a_final_report_is_repeated_until_it_is_stored(self):
        answers = [(503, {"Retry-After": "0"}), (429, {}), (202, {}), (200, {})]
        with ReportServer(answers) as server:
            row = results.succeeded("first", "Overall", "0.5", 2, 0)
            self.assertTrue(self.reporter(server.url).finish([row], None, Stop()))
            bodies = [body for _, body in server.reports]
        self.assertEqual([503, 429, 202, 200], [status for status, _ in server.reports])
        self.assertEqual([1, 2, 3, 4], [body["sequence"] for body in bodies])
        self.assertEqual("0.5", bodies[-1]["results"][0]["score"])
        self.assertEqual((2, True, "Score"), (
            bodies[-1]["attempt"], bodies[-1]["final"], bodies[-1]["stage"]))

    def test_a_standby_sends_it_on_without_backing_off(self):
        standby = (503, {"Retry-After": "0"}, '{"error":"NotLeader"}')
        pauses = []

        class Impatient(Stop):
            def pause(self, seconds):
                pauses.append(seconds)

        with ReportServer([standby] * 6 + [(503, {}), (503, {}), (200, {})]) as server:
            self.assertTrue(self.reporter(server.url).finish([], None, Impatient()))
        self.assertEqual([0.5] * 6 + [0.5, 1.0], pauses)
        self.assertEqual(9, server.connections)

    def test_the_last_word_reaches_the_leader(self):
        standby = (503, {"Retry-After": "1"}, '{"error":"NotLeader"}')
        with ReportServer([standby] * 2) as server:
            self.reporter(server.url).last_word()
        self.assertEqual([503, 503, 202], [status for status, _ in server.reports])

    def test_where_nobody_leads_for_long_it_backs_off(self):
        standby = (503, {"Retry-After": "1"}, '{"error":"NotLeader"}')
        pauses = []

        class Impatient(Stop):
            def pause(self, seconds):
                pauses.append(seconds)

        with ReportServer([standby] * 20 + [(200, {})]) as server:
            self.assertTrue(self.reporter(server.url).finish([], None, Impatient()))
        self.assertEqual([1] * 17 + [2, 4, 8], pauses)

    def test_it_gives_up_after_its_time_when_nobody_answers(self):
        with ReportServer() as server:
            url = server.url
        self.assertFalse(self.reporter(url, seconds=0.2).finish([], None, Stop()))

    def test_a_refusal_for_good_is_not_repeated(self):
        with ReportServer([(400, {})]) as server:
            with self.assertRaises(StageFailure) as raised:
                self.reporter(server.url).finish([], None, Stop())
        self.assertEqual("ReportRejected", raised.exception.cause)
        self.assertEqual(1, len(server.reports))

    def test_an_old_sequence_is_jumped_over(self):
        def answer(body):
            return (200 if body["sequence"] > 500 else 409), {}
        with ReportServer(answer_for=answer) as server:
            self.assertTrue(self.reporter(server.url).finish([], None, Stop()))

    def test_the_token_is_read_anew_for_each_report(self):
        with ReportServer() as server:
            reporter = self.reporter(server.url, "first-token")
            reporter._post(reporter._document(False))
            self.write("second-token", "token")
            reporter._post(reporter._document(False))
        self.assertEqual(["Bearer first-token", "Bearer second-token"], server.authorizations)

    def test_progress_is_posted_on_change_and_with_preflight_once(self):
        with ReportServer() as server:
            reporter = self.reporter(server.url)
            reporter.set_preflight({"devices": [], "versions": {}, "notes": []})
            reporter.start()
            with server.got_report:
                server.got_report.wait_for(lambda: len(server.reports) >= 1, 20)
            self.progress.set_samples("first", 3, 12)
            with server.got_report:
                server.got_report.wait_for(lambda: len(server.reports) >= 2, 20)
            reporter.finish([], None, Stop())
        first, second = server.stored()[:2]
        self.assertIn("preflight", first)
        self.assertNotIn("preflight", second)
        self.assertEqual(3, second["progress"]["samplesDone"])
        self.assertIn("preflight", server.final())
        sequences = [body["sequence"] for body in server.stored()]
        self.assertEqual(sorted(set(sequences)), sequences)

    def test_tls_with_the_given_authority_only(self):
        pair = certificate(self.home)
        if pair is None:
            self.skipTest("no openssl")
        with ReportServer(tls=pair) as server:
            reporter = self.reporter(server.url, ca=pair[0])
            self.assertEqual(202, reporter._post(reporter._document(False)).status)
            reporter = self.reporter(server.url, ca=None)
            self.assertEqual(0, reporter._post(reporter._document(False)).status)

    def test_plain_http_is_for_the_loopback_only(self):
        with self.assertRaises(ValueError):
            Endpoint("http://evaljob.example/v1/report", None, None)

    def test_a_redirect_is_not_followed(self):
        with ReportServer() as other:
            with ReportServer([(307, {"Location": other.url})]) as server:
                reporter = self.reporter(server.url)
                self.assertEqual(307, reporter._post(reporter._document(False)).status)
        self.assertEqual([], other.reports)


class BoundTest(unittest.TestCase):

    def test_a_report_is_at_most_64_kib_and_keeps_its_rows(self):
        rows = [results.failed("dataset-%d" % i, "\u00e9" * 500).document() for i in range(256)]
        data = encode({"final": True, "results": rows, "preflight": {
            "notes": ["n" * 500] * 16, "devices": [], "versions": {}}})
        self.assertLessEqual(len(data), report.LIMIT)
        self.assertIn(b"dataset-255", data)

    def test_a_termination_message_is_at_most_4096_bytes(self):
        data = termination.message("Infer", "Failed", "RankFailed", "\u00e9\"\\" * 4000,
                                   Progress(["a"]).snapshot(), "sha256:" + "0" * 64)
        self.assertLessEqual(len(data), 4096)
        self.assertIn('"cause":"RankFailed"', data)

    def test_the_digest_does_not_depend_on_the_order(self):
        rows = [results.failed("a", "x"), results.succeeded("b", "m", "1", 1, 0)]
        self.assertEqual(results.digest(rows), results.digest(rows[::-1]))
        self.assertNotEqual(results.digest(rows), results.digest(rows[:1]))


class WithoutEndpointTest(Container):

    def test_no_address_and_a_bad_one_leave_the_stage_running(self):
        self.write_plan(plan_with())
        self.assertIn("reports are off", self.run_stage("prefetch"))
        self.assertIn("is not https",
                      self.run_stage("prefetch", EVALJOB_REPORT_URL="http://10.0.0.1/v1/report"))

    def test_a_refused_report_fails_the_stage(self):
        self.write_plan(plan_with())
        with ReportServer(answer_for=lambda body: (413, {})) as server:
            self.run_stage("prefetch", 1, EVALJOB_REPORT_URL=server.url)
        self.assertEqual("ReportRejected", self.termination()["cause"])

    def test_the_termination_message_goes_into_a_file_that_is_there(self):
        self.write_plan(plan_with())
        self.write("", "termination-log")
        before = os.stat(self.termination_log).st_ino
        self.run_stage("prefetch")
        self.assertEqual(before, os.stat(self.termination_log).st_ino)
        self.assertEqual("Succeeded", self.termination()["outcome"])


if __name__ == "__main__":
    unittest.main()

package io.evaljob.operator.report;

import io.evaljob.operator.observe.StageReport;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides on one request to the report endpoint: who sent it, whether it may say so, who stores it.
 */
final class ReportHandler implements HttpListener.Handler {
  private static final Logger LOGGER = LoggerFactory.getLogger(ReportHandler.class);

  static final String PATH = "/v1/report";
  private static final int BURST = 30;
  private static final double PER_SECOND = 1;

  /** Whoever keeps asking must not fill the log. */
  private static final double COMPLAINTS_PER_SECOND = 1 / 60.0;

  private final TokenReviewer reviewer;
  private final RateLimiter complaints;
  private final RateLimiter perPod;
  private final SequenceLedger sequences = new SequenceLedger();
  private final Duration storeTimeout;
  private volatile Optional<ReportSink> sink = Optional.empty();

  ReportHandler(KubernetesClient client, Clock clock, Duration storeTimeout) {
    this.reviewer = new TokenReviewer(client, clock);
    this.complaints = new RateLimiter(clock, 1, COMPLAINTS_PER_SECOND);
    this.perPod = new RateLimiter(clock, BURST, PER_SECOND);
    this.storeTimeout = storeTimeout;
  }

  void serve(ReportSink target) {
    sink = Optional.of(target);
  }

  @Override
  public CompletionStage<HttpAnswer> handle(HttpRequest request) throws HttpRefusal {
    checkShape(request);
    ReportSink target =
        sink.orElseThrow(
            () -> new HttpRefusal(HttpAnswer.retry(503, 2, "the operator is starting")));
    if (!target.leads()) {
      // Before the token is looked at: it is the leader's to ask the API server about.
      throw new HttpRefusal(notLeader());
    }
    TokenVerdict.PodToken token = authenticate(request);
    if (!perPod.allow(token.podUid())) {
      throw new HttpRefusal(HttpAnswer.retry(429, 2, "the pod reports more than once a second"));
    }
    ReportParser parser = ReportParser.of(request.body());
    if (!parser.podUid().equals(token.podUid())) {
      throw new HttpRefusal(403, "podUID is not the pod that the token is bound to");
    }
    StageReport report = parser.read(identify(target, token));
    if (!sequences.isNew(report.podUid(), report.sequence(), report.last())) {
      throw new HttpRefusal(409, "sequence: a report with this or a later number was taken");
    }
    return submit(target, report);
  }

  /** The runner knows this text: it tries again on a new connection, which may reach the leader. */
  private static HttpAnswer notLeader() {
    return HttpAnswer.retry(503, 1, "NotLeader");
  }

  private static void checkShape(HttpRequest request) throws HttpRefusal {
    if (!request.path().equals(PATH)) {
      throw new HttpRefusal(404, "the only path is " + PATH);
    }
    if (!request.method().equals("POST")) {
      throw new HttpRefusal(HttpAnswer.error(405, "the only method is POST").with("Allow", "POST"));
    }
    String type = request.header("content-type").orElse("").toLowerCase(Locale.ROOT);
    if (!type.equals("application/json") && !type.startsWith("application/json;")) {
      throw new HttpRefusal(415, "Content-Type is not application/json");
    }
  }

  private TokenVerdict.PodToken authenticate(HttpRequest request) throws HttpRefusal {
    String header = request.header("authorization").orElse("");
    if (!header.regionMatches(true, 0, "Bearer ", 0, 7)) {
      throw new HttpRefusal(401, "Authorization has no bearer token");
    }
    TokenVerdict verdict = reviewer.review(header.substring(7).strip(), request.from());
    if (verdict instanceof TokenVerdict.PodToken token) {
      return token;
    }
    if (verdict instanceof TokenVerdict.Rejected rejected) {
      throw new HttpRefusal(401, rejected.why());
    }
    if (verdict instanceof TokenVerdict.Unanswered unanswered
        && complaints.allow(unanswered.why())) {
      LOGGER.warn(
          "A token could not be reviewed: {}; said once a minute at most", unanswered.why());
    }
    throw new HttpRefusal(HttpAnswer.retry(503, 5, "the token could not be reviewed"));
  }

  private PodIdentity identify(ReportSink target, TokenVerdict.PodToken token) throws HttpRefusal {
    Optional<PodIdentity> found = target.find(token.podUid());
    if (found.isEmpty()) {
      // A pod can report before the watch brings it; the operator may not ask for it by name.
      throw new HttpRefusal(
          HttpAnswer.retry(
              503, 2, "the pod is not known here as one of an EvalJob; a new one soon is"));
    }
    PodIdentity pod = found.get();
    if (!pod.namespace().equals(token.namespace()) || !pod.podName().equals(token.podName())) {
      throw new HttpRefusal(403, "the token is of another pod");
    }
    return pod;
  }

  private CompletionStage<HttpAnswer> submit(ReportSink target, StageReport report) {
    CompletableFuture<Stored> stored = target.submit(report).toCompletableFuture().copy();
    return stored
        .orTimeout(storeTimeout.toMillis(), TimeUnit.MILLISECONDS)
        .handle((outcome, failure) -> answer(report, outcome, failure));
  }

  private HttpAnswer answer(StageReport report, Stored outcome, Throwable failure) {
    if (failure != null) {
      Throwable cause =
          failure instanceof CompletionException && failure.getCause() != null
              ? failure.getCause()
              : failure;
      if (!(cause instanceof TimeoutException)) {
        LOGGER.warn(
            "A report of {}/{} was not stored", report.namespace(), report.podName(), cause);
      }
      return HttpAnswer.retry(503, 5, "the report is not stored yet");
    }
    return switch (outcome) {
      case NOT_LEADER -> notLeader();
      case STORED -> {
        sequences.taken(report.podUid(), report.sequence(), report.last());
        yield HttpAnswer.json(200, "stored", true);
      }
      case ACCEPTED -> {
        if (report.last()) {
          yield HttpAnswer.retry(503, 5, "the report is not stored yet");
        }
        sequences.taken(report.podUid(), report.sequence(), false);
        yield HttpAnswer.json(202, "stored", false);
      }
    };
  }
}

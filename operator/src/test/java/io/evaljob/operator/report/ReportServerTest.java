package io.evaljob.operator.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.observe.Preflight;
import io.evaljob.operator.observe.StageReport;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

@EnableKubernetesMockClient(crud = true)
class ReportServerTest {
  private static final String PROGRESS =
      "\"progress\":{\"samplesDone\":3,\"samplesTotal\":12,\"datasetsDone\":0,\"datasetsTotal\":2}";

  KubernetesMockServer api;
  KubernetesClient client;

  private final SettableClock clock = new SettableClock();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Sink sink = new Sink();
  private final AtomicInteger reviews = new AtomicInteger();
  private ReportAuthority authority;
  private ReportServer server;
  private HttpClient http;

  /** Remembers what it is given; answers what the test says. */
  private static final class Sink implements ReportSink {
    final List<StageReport> taken = new CopyOnWriteArrayList<>();
    volatile Optional<Stored> outcome = Optional.of(Stored.ACCEPTED);
    volatile Set<String> known = Set.of("uid-1");
    volatile boolean leads = true;

    @Override
    public boolean leads() {
      return leads;
    }

    @Override
    public Optional<PodIdentity> find(String podUid) {
      return known.contains(podUid)
          ? Optional.of(
              new PodIdentity(
                  "vlm",
                  "job",
                  "job-uid",
                  "base",
                  "pod-1",
                  podUid,
                  Stage.Score,
                  2,
                  Set.of("MMBench", "MathVista")))
          : Optional.empty();
    }

    @Override
    public CompletionStage<Stored> submit(StageReport report) {
      taken.add(report);
      return outcome.map(CompletableFuture::completedFuture).orElseGet(CompletableFuture::new);
    }
  }

  @BeforeEach
  void start() throws Exception {
    api.expect()
        .post()
        .withPath("/apis/authentication.k8s.io/v1/tokenreviews")
        .andReply(
            201,
            request -> {
              reviews.incrementAndGet();
              return review(
                  Serialization.unmarshal(request.getBody().readUtf8(), TokenReview.class));
            })
        .always();
    OperatorConfig config =
        OperatorConfig.defaults().withReportUrl(URI.create("https://127.0.0.1"));
    authority = ReportAuthority.open(client, config, clock);
    server = open(new HttpListener.Limits(4, 16, 8, Duration.ofSeconds(2), ReportServer.MAX_BODY));
    server.serve(sink);
    http = trusting(authority.bundle());
  }

  private ReportServer open(HttpListener.Limits limits) throws IOException {
    return ReportServer.open(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        authority,
        client,
        clock,
        Duration.ofMillis(300),
        meters,
        limits);
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  /** The API server's side: a token reads {@code namespace/pod/uid/audience}. */
  private static TokenReview review(TokenReview question) {
    String[] parts = question.getSpec().getToken().split("/", -1);
    TokenReviewBuilder answer = new TokenReviewBuilder(question);
    if (parts.length != 4 || !question.getSpec().getAudiences().contains(parts[3])) {
      return answer.withNewStatus().withAuthenticated(false).endStatus().build();
    }
    return answer
        .withNewStatus()
        .withAuthenticated(true)
        .withAudiences(parts[3])
        .withNewUser()
        .withUsername("system:serviceaccount:" + parts[0] + ":default")
        .addToExtra("authentication.kubernetes.io/pod-name", List.of(parts[1]))
        .addToExtra("authentication.kubernetes.io/pod-uid", List.of(parts[2]))
        .endUser()
        .endStatus()
        .build();
  }

  private static HttpClient trusting(String bundle) throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    int number = 0;
    for (var certificate : Pem.certificates(bundle)) {
      trusted.setCertificateEntry("ca-" + number++, certificate);
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return HttpClient.newBuilder()
        .sslContext(context)
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofSeconds(10))
        .build();
  }

  private static String body(long sequence, boolean last, String more) {
    return "{\"schemaVersion\":\"1\",\"podUID\":\"uid-1\",\"stage\":\"Score\",\"attempt\":2,"
        + "\"sequence\":"
        + sequence
        + ",\"final\":"
        + last
        + ","
        + PROGRESS
        + more
        + "}";
  }

  private HttpResponse<String> post(String token, String body) throws Exception {
    return send(
        request("/v1/report")
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private HttpResponse<String> post(String body) throws Exception {
    return post("vlm/pod-1/uid-1/evaljob-report", body);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + path))
        .timeout(Duration.ofSeconds(20));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void progressIsAcceptedWithTheIdentityOfTheToken() throws Exception {
    HttpResponse<String> answer = post(body(7, false, ""));

    assertThat(answer.body()).isEqualTo("{\"stored\":false}");
    assertThat(answer.statusCode()).isEqualTo(202);
    assertThat(sink.taken)
        .singleElement()
        .satisfies(
            report -> {
              assertThat(report.namespace()).isEqualTo("vlm");
              assertThat(report.job()).isEqualTo("job");
              assertThat(report.model()).isEqualTo("base");
              assertThat(report.podName()).isEqualTo("pod-1");
              assertThat(report.stage()).isEqualTo(Stage.Score);
              assertThat(report.attempt()).isEqualTo(2);
              assertThat(report.sequence()).isEqualTo(7);
              assertThat(report.last()).isFalse();
              assertThat(report.progress().samplesDone()).isEqualTo(3);
              assertThat(report.progress().percent()).isEqualTo(25);
            });
    assertThat(meters.counter("evaljob.report.requests", "status", "202").count()).isEqualTo(1);
  }

  @Test
  void aFinalReportIsAcknowledgedWhenStoredAndMayBeRepeated() throws Exception {
    String last =
        body(
            8,
            true,
            ",\"preflight\":{\"devices\":[{\"logical\":0,\"physical\":\"GPU-6f1\",\"memoryBytes\":9,"
                + "\"plannedBytes\":7,\"loadedBytes\":6},{\"logical\":1}],"
                + "\"smokeTest\":{\"outcome\":\"Same\",\"message\":\"4\\nsamples\"},"
                + "\"versions\":{\"torch\":\"2.9.0\"},\"dialect\":\"StatusFile\",\"notes\":[\"a\"]}"
                + ",\"results\":[{\"dataset\":\"MMBench\",\"phase\":\"Succeeded\",\"metric\":\"Overall\","
                + "\"score\":\"0.812\",\"samples\":12,\"failedSamples\":0,\"message\":\"\"},"
                + "{\"dataset\":\"MathVista\",\"phase\":\"Failed\",\"message\":\"no\\nfile\"}]"
                + ",\"failure\":{\"cause\":\"NodeLost\",\"message\":\"x\"}");
    sink.outcome = Optional.of(Stored.STORED);

    assertThat(post(last).statusCode()).isEqualTo(200);
    assertThat(post(last).body()).isEqualTo("{\"stored\":true}");
    assertThat(post(body(9, false, "")).statusCode()).isEqualTo(409);
    assertThat(sink.taken).hasSize(2);
    StageReport report = sink.taken.get(0);
    assertThat(report.results()).hasSize(2);
    assertThat(report.results().get(0).score()).isEqualTo("0.812");
    assertThat(report.results().get(0).message()).isNull();
    assertThat(report.results().get(1).message()).isEqualTo("no file");
    Preflight preflight = report.preflight().orElseThrow();
    assertThat(preflight.devices())
        .containsExactly(
            new Preflight.SeenDevice(0, "GPU-6f1", 9, OptionalLong.of(7), OptionalLong.of(6)),
            new Preflight.SeenDevice(1, "", 0, OptionalLong.empty(), OptionalLong.empty()));
    assertThat(preflight.smokeTest()).contains(new Preflight.SmokeTest("Same", "4 samples"));
    assertThat(report.failure().orElseThrow().cause())
        .as("a pod cannot claim that its node was lost")
        .isEqualTo(FailureCause.Unknown);
  }

  @Test
  void aFinalReportThatIsNotStoredInTimeIsTriedAgain() throws Exception {
    sink.outcome = Optional.empty();
    HttpResponse<String> answer = post(body(8, true, ""));
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).contains("5");

    sink.outcome = Optional.of(Stored.NOT_LEADER);
    answer = post(body(8, true, ""));
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).contains("NotLeader");

    sink.outcome = Optional.of(Stored.STORED);
    assertThat(post(body(8, true, "")).statusCode()).isEqualTo(200);
  }

  @Test
  void anOldSequenceNumberIsAConflict() throws Exception {
    assertThat(post(body(2, false, "")).statusCode()).isEqualTo(202);
    assertThat(post(body(2, false, "")).statusCode()).isEqualTo(409);
    assertThat(post(body(1, false, "")).statusCode()).isEqualTo(409);
    assertThat(sink.taken).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "wrong, 401, not valid",
    "vlm/pod-1/uid-1/api, 401, not valid",
    "vlm/pod-1/uid-2/evaljob-report, 403, podUID is not the pod",
    "other/pod-1/uid-1/evaljob-report, 403, of another pod",
    "vlm/pod-9/uid-1/evaljob-report, 403, of another pod",
  })
  void tokensOfOthersAreRefused(String token, int status, String why) throws Exception {
    HttpResponse<String> answer = post(token, body(1, false, ""));

    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).contains(why).doesNotContain(token);
    assertThat(sink.taken).isEmpty();
  }

  @Test
  void aPodThatIsNotKnownIsToldToTryAgain() throws Exception {
    sink.known = Set.of();
    HttpResponse<String> answer = post(body(1, false, ""));
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    assertThat(answer.body()).contains("not known here as one of an EvalJob");
    assertThat(sink.taken).isEmpty();
  }

  @Test
  void aTokenIsReviewedOnceAMinute() throws Exception {
    for (int sequence = 1; sequence <= 3; sequence++) {
      post(body(sequence, false, ""));
    }
    assertThat(reviews).hasValue(1);
    clock.advance(Duration.ofSeconds(61));
    post(body(9, false, ""));
    assertThat(reviews).hasValue(2);
  }

  @Test
  void whoeverInventsTokensDoesNotFillTheLog() throws Exception {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(ReportHandler.class);
    log.start();
    logger.addAppender(log);
    try {
      for (int i = 0; i < 60; i++) {
        post("vlm/pod-" + i + "/uid-" + i + "/evaljob-report", body(1, false, ""));
      }
      assertThat(log.list)
          .singleElement()
          .satisfies(
              line -> assertThat(line.getFormattedMessage()).contains("too many tokens from one"));
      clock.advance(Duration.ofSeconds(61));
      for (int i = 100; i < 160; i++) {
        post("vlm/pod-" + i + "/uid-" + i + "/evaljob-report", body(1, false, ""));
      }
      assertThat(log.list).hasSize(2);
    } finally {
      logger.detachAppender(log);
    }
  }

  @Test
  void aPodThatReportsTooOftenIsSlowedDown() throws Exception {
    int sequence = 0;
    HttpResponse<String> answer = post(body(++sequence, false, ""));
    while (answer.statusCode() == 202 && sequence < 100) {
      answer = post(body(++sequence, false, ""));
    }
    assertThat(answer.statusCode()).isEqualTo(429);
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    clock.advance(Duration.ofSeconds(5));
    assertThat(post(body(sequence, false, "")).statusCode()).isEqualTo(202);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "not json | the body is not JSON",
        "[] | the body is not a JSON object",
        "{\"schemaVersion\":\"2\"} | schemaVersion",
        "{\"schemaVersion\":\"1\"} | podUID",
        "FINAL,\"results\":[{\"dataset\":\"Other\",\"phase\":\"Failed\"}]} | Other is not a data set",
        "FINAL,\"results\":[{\"dataset\":\"MMBench\",\"phase\":\"Good\"}]} | results[MMBench].phase",
        "FINAL,\"results\":[{\"dataset\":\"MMBench\",\"phase\":\"Failed\"},{\"dataset\":\"MMBench\",\"phase\":\"Failed\"}]} | MMBench is there twice",
        "FINAL,\"results\":[{\"dataset\":\"MMBench\",\"phase\":\"Failed\",\"samples\":-1}]} | results[MMBench].samples",
        "FINAL,\"results\":{}} | results: is not a list",
        "EARLY,\"failure\":{\"cause\":\"OutOfMemory\"}} | belong to the final report",
      })
  void bodiesThatCannotBeUsedAreRefusedByField(String body, String why) throws Exception {
    String whole =
        body.replace("FINAL", body(1, true, "").replaceFirst("}$", ""))
            .replace("EARLY", body(1, false, "").replaceFirst("}$", ""));
    HttpResponse<String> answer = post(whole);

    assertThat(answer.body()).contains(why);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(sink.taken).isEmpty();
  }

  @Test
  void anotherStageThanThePodRunsIsRefused() throws Exception {
    assertThat(post(body(1, false, "").replace("Score", "Infer")).statusCode()).isEqualTo(403);
    assertThat(post(body(1, false, "").replace("\"attempt\":2", "\"attempt\":1")).statusCode())
        .isEqualTo(403);
  }

  @Test
  void requestsOfAnotherShapeAreRefused() throws Exception {
    assertThat(send(request("/v1/report").GET()).statusCode()).isEqualTo(405);
    assertThat(send(request("/").GET()).statusCode()).isEqualTo(404);
    assertThat(
            send(request("/v1/report").POST(HttpRequest.BodyPublishers.ofString("{}")))
                .statusCode())
        .isEqualTo(415);
    assertThat(
            send(request("/v1/report")
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{}")))
                .statusCode())
        .isEqualTo(401);
    assertThat(post(body(1, false, ",\"x\":\"" + "y".repeat(66_000) + "\"")).statusCode())
        .isEqualTo(413);
  }

  @Test
  void aClientThatDoesNotTrustTheAuthorityIsNotServed() {
    assertThatThrownBy(
            () ->
                HttpClient.newHttpClient()
                    .send(
                        request("/v1/report").GET().build(),
                        HttpResponse.BodyHandlers.discarding()))
        .isInstanceOf(SSLHandshakeException.class);
  }

  @Test
  void slowClientsKeepNobodyElseOut() throws Exception {
    try (Socket first = connect();
        Socket second = connect();
        Socket third = connect();
        Socket fourth = connect()) {
      // All four threads wait for a handshake that never comes; the deadline frees them.
      first.getOutputStream().write(22);
      assertThat(post(body(1, false, "")).statusCode()).isEqualTo(202);
      assertThat(first.getInputStream().read()).isEqualTo(-1);
      assertThat(List.of(second, third, fourth)).allSatisfy(s -> assertThat(s.isBound()).isTrue());
    }
  }

  private Socket connect() throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), server.port());
  }

  @Test
  void aRotatedAuthorityIsServedWithoutARestart() throws Exception {
    clock.advance(Duration.ofDays(366));
    authority.refresh();
    HttpClient planned = trusting(authority.bundle());
    clock.advance(Duration.ofDays(200));
    authority.refresh();

    // The JDK's verifier looks at the real time: the certificate of the future is not valid yet,
    // which shows that it is the one served.
    http = planned;
    assertThatThrownBy(() -> post(body(1, false, "")))
        .rootCause()
        .isInstanceOf(java.security.cert.CertificateNotYetValidException.class);
  }

  @Test
  void aStandbySendsPodsToTheLeaderAndTakesNothing() throws Exception {
    sink.leads = false;
    HttpResponse<String> answer = post(body(1, true, ""));

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).contains("1");
    assertThat(answer.body()).isEqualTo("{\"error\":\"NotLeader\"}");
    assertThat(sink.taken).isEmpty();
    assertThat(reviews).as("the leader asks about the token").hasValue(0);

    sink.leads = true;
    sink.outcome = Optional.of(Stored.NOT_LEADER);
    assertThat(post(body(1, true, "")).body()).isEqualTo("{\"error\":\"NotLeader\"}");
    sink.outcome = Optional.of(Stored.STORED);
    assertThat(post(body(1, true, "")).statusCode())
        .as("what was sent on is not a repetition")
        .isEqualTo(200);
  }

  @Test
  void beforeTheOperatorRunsPodsAreToldToTryAgain() throws Exception {
    server.close();
    server = open(new HttpListener.Limits(4, 16, 8, Duration.ofSeconds(2), 1024));
    assertThat(post(body(1, false, "")).statusCode()).isEqualTo(503);
  }

  @Test
  void linesAreReadAsHttpSays() throws Exception {
    String text = "POST /v1/report?x=1 HTTP/1.1\r\nContent-Length: 2\r\nA: b\r\n\r\n{}";
    var in = new java.io.ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
    io.evaljob.operator.report.HttpRequest request =
        new HttpReader(in, 10, InetAddress.getLoopbackAddress()).read();
    assertThat(request.path()).isEqualTo("/v1/report");
    assertThat(request.header("a")).contains("b");
    assertThat(request.body()).isEqualTo("{}");
  }
}

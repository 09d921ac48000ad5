package io.evaljob.operator.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients that mean harm, or are broken, can and cannot do to the server. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HttpListenerTest {
  private static final String NAME = "listener-under-test";
  private static final int MAX_BODY = 1000;
  private static final Duration SHORT = Duration.ofMillis(200);

  /** Where the client needs time for a handshake or a request first, on a busy machine too. */
  private static final Duration MODERATE = Duration.ofMillis(800);

  /** Ends nothing within a test: what ends has another reason. */
  private static final Duration LONG = Duration.ofMinutes(5);

  private static final Duration LOOK = Duration.ofMillis(5);

  /** More than the send buffer of a socket grows to. */
  private static final int HUGE = 8 * 1024 * 1024;

  private static SSLContext serverSide;
  private static SSLContext clientSide;

  private final List<String> handled = new CopyOnWriteArrayList<>();
  private final CompletableFuture<HttpAnswer> late = new CompletableFuture<>();
  private final List<RawClient> clients = new ArrayList<>();
  private HttpListener listener;

  @BeforeAll
  static void makeCertificates() throws Exception {
    Authority authority = Issuer.authority(Instant.now());
    serverSide = SSLContext.getInstance("TLS");
    serverSide.init(
        new KeyManager[] {
          new SwappableKeys(Issuer.serving(authority, List.of("127.0.0.1"), Instant.now()))
        },
        null,
        null);
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    trusted.setCertificateEntry("authority", authority.certificate());
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    clientSide = SSLContext.getInstance("TLS");
    clientSide.init(null, trust.getTrustManagers(), null);
  }

  private void listen(boolean tls, int threads, int connections, Duration requestTime)
      throws IOException {
    listen(tls, new HttpListener.Limits(threads, connections, 1000, requestTime, MAX_BODY));
  }

  private void listen(boolean tls, HttpListener.Limits limits) throws IOException {
    listener =
        new HttpListener(
            NAME,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            tls ? Optional.of(serverSide.getSocketFactory()) : Optional.empty(),
            limits,
            request -> {
              handled.add(request.path());
              return switch (request.path()) {
                case "/late" -> late;
                case "/huge" -> answered("x".repeat(HUGE));
                case "/broken" -> throw new IllegalStateException("meant by the test");
                case "/deep" -> throw new StackOverflowError("meant by the test");
                case "/failed" ->
                    CompletableFuture.failedFuture(new IOException("meant by the test"));
                default -> answered(request.path() + " " + request.body());
              };
            });
  }

  private static CompletableFuture<HttpAnswer> answered(String text) {
    return CompletableFuture.completedFuture(HttpAnswer.text(200, "text/plain", text));
  }

  @AfterEach
  void nothingOfTheListenerRemains() throws Exception {
    CompletableFuture<Void> closed =
        CompletableFuture.runAsync(
            () -> {
              try {
                listener.close();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    closed.get(RawClient.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    // The clients are still there: it is not they who end the threads.
    await().pollDelay(Duration.ZERO).pollInterval(LOOK).until(() -> threads().isEmpty());
    for (RawClient client : clients) {
      client.untilEnd();
      client.close();
    }
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith(NAME))
        .toList();
  }

  /** Keeps a client until the listener was closed, which has to end its connection. */
  private RawClient kept(RawClient client) {
    clients.add(client);
    return client;
  }

  private RawClient connect() throws IOException {
    return kept(RawClient.connect(listener.port()));
  }

  private RawClient connect(boolean tls) throws IOException {
    RawClient client = connect();
    return tls ? client.secure(clientSide) : client;
  }

  private void assertServes(boolean tls) throws IOException {
    assertThat(connect(tls).send(get("/honest")).untilEnd())
        .startsWith("HTTP/1.1 200 OK\r\n")
        .endsWith("\r\n\r\n/honest ");
  }

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }

  private static String post(int length) {
    return "POST /p HTTP/1.1\r\nContent-Length: " + length + "\r\n\r\n";
  }

  // Slow clients. Each sends something all the time, so that no timeout of a single read ends it.

  @Test
  void aHandshakeThatDragsOnEndsAtTheDeadline() throws Exception {
    listen(true, 1, 4, SHORT);
    // The start of a record of 16 KiB that is to hold a ClientHello.
    assertThat(connect().send("\u0016\u0003\u0001?\u00ff").repeatUntilEnd("\u0001")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aHeadThatDragsOnEndsAtTheDeadline(boolean tls) throws Exception {
    listen(tls, 1, 4, tls ? MODERATE : SHORT);
    assertThat(connect(tls).send("GET / HTTP/1.1\r\nA: ").repeatUntilEnd("b")).isEmpty();
    assertThat(handled).isEmpty();
  }

  @Test
  void aBodyThatDragsOnEndsAtTheDeadline() throws Exception {
    listen(false, 1, 4, SHORT);
    assertThat(connect().send(post(MAX_BODY)).repeatUntilEnd("b")).isEmpty();
    assertThat(handled).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aClientThatSaysNothingEndsAtTheDeadline(boolean tls) throws Exception {
    listen(tls, 1, 4, SHORT);
    assertThat(connect().untilEnd()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aClientThatDoesNotReadItsAnswerKeepsItsThreadToTheDeadlineOnly(boolean tls)
      throws Exception {
    listen(tls, 1, 4, MODERATE);
    RawClient deaf = kept(RawClient.connectNarrow(listener.port()));
    if (tls) {
      deaf.secure(clientSide);
    }
    assertThat(deaf.send(get("/huge")).first()).isEqualTo('H');
    // The only thread is writing now, and has to give up before it can serve anybody else.
    assertServes(tls);
  }

  // Requests of a wrong shape.

  static List<Arguments> refused() {
    return List.of(
        Arguments.of("a long line", "GET /" + "a".repeat(9000) + " HTTP/1.1\r\n\r\n", 431),
        Arguments.of(
            "a large head",
            "GET / HTTP/1.1\r\n" + ("A: " + "b".repeat(7000) + "\r\n").repeat(3) + "\r\n",
            431),
        Arguments.of("many headers", "GET / HTTP/1.1\r\n" + headers(65) + "\r\n", 431),
        Arguments.of("a head without an end", "GET / HTTP/1.1\r\n" + "A: b\r\n".repeat(9000), 431),
        Arguments.of("a body over the bound", post(MAX_BODY + 1) + "b".repeat(MAX_BODY + 1), 413),
        Arguments.of("a length beyond int", post(0).replace(" 0", " 4294967297"), 413),
        Arguments.of("a length beyond long", post(0).replace(" 0", " " + "9".repeat(19)), 400),
        Arguments.of("a negative length", post(-1), 400),
        Arguments.of("a length of words", post(0).replace(" 0", " many"), 400),
        Arguments.of(
            "two lengths",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400),
        Arguments.of("no length", "POST / HTTP/1.1\r\n\r\nbody", 411),
        Arguments.of(
            "a chunked body", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb", 411),
        Arguments.of(
            "a length and chunks",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\ntransfer-encoding: chunked\r\n\r\nb",
            411),
        Arguments.of("no request line", "\r\n\r\n", 400),
        Arguments.of("another protocol", "SSH-2.0-client\r\n", 400),
        Arguments.of("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        Arguments.of("a header without a name", "GET / HTTP/1.1\r\n: b\r\n\r\n", 400),
        Arguments.of("a folded header", "GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n", 400),
        Arguments.of("a null byte", "GET /\u0000 HTTP/1.1\r\n\r\n", 400),
        Arguments.of("a ClientHello", "\u0016\u0003\u0001\u0001\u0000\u0001", 400));
  }

  private static String headers(int count) {
    StringBuilder headers = new StringBuilder();
    for (int i = 0; i < count; i++) {
      headers.append("A").append(i).append(": b\r\n");
    }
    return headers.toString();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void aWrongRequestIsRefusedAndItsConnectionEnds(String what, String request, int status)
      throws Exception {
    listen(false, 1, 4, LONG);
    // Who sends the whole and then listens gets the answer, and no reset instead of it.
    assertThat(connect().send(request).halfClose().untilEnd())
        .as(what)
        .startsWith("HTTP/1.1 " + status + " ")
        .contains("\r\nConnection: close\r\n");
    assertThat(handled).isEmpty();
  }

  @Test
  void theRefusalOfALineNamesTheBoundOfALine() throws Exception {
    listen(false, 1, 4, LONG);
    assertThat(
            connect().send("GET /" + "a".repeat(9000) + " HTTP/1.1\r\n\r\n").halfClose().untilEnd())
        .contains("a line of more than 8192 bytes");
  }

  @Test
  void requestsAtTheBoundsAreServed() throws Exception {
    listen(false, 1, 8, LONG);
    assertThat(connect().send("GET / HTTP/1.1\r\n" + headers(64) + "\r\n").untilEnd())
        .startsWith("HTTP/1.1 200 ");
    assertThat(connect().send("GET /" + "a".repeat(8000) + " HTTP/1.1\r\n\r\n").untilEnd())
        .startsWith("HTTP/1.1 200 ");
    assertThat(connect().send(post(MAX_BODY) + "b".repeat(MAX_BODY)).untilEnd())
        .endsWith("/p " + "b".repeat(MAX_BODY));
  }

  @Test
  void aRefusedClientThatStaysKeepsItsThreadForAMomentOnly() throws Exception {
    listen(false, 1, 4, LONG);
    RawClient refused = connect().send(post(MAX_BODY + 1));
    assertThat(refused.untilEnd()).startsWith("HTTP/1.1 413 ");
    // What it still sends would be read now, by the only thread.
    assertServes(false);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSecondRequestOnAConnectionIsIgnored(boolean tls) throws Exception {
    listen(tls, 2, 4, LONG);
    assertThat(connect(tls).send(get("/one") + get("/two")).untilEnd())
        .startsWith("HTTP/1.1 200 OK\r\n")
        .endsWith("\r\n\r\n/one ");
    assertThat(handled).containsExactly("/one");
  }

  @Test
  void aTlsClientOnAPlainPortFails() throws Exception {
    listen(false, 1, 4, LONG);
    assertThatThrownBy(() -> connect(true)).isInstanceOf(SSLException.class);
    assertServes(false);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"GET / HTTP/1.1\r\n\r\n", "\u0016\u0003\u0001\u0000\u0004abcd", "\u0080garbage"})
  void whatIsNoHandshakeEndsItsConnectionOnATlsPort(String text) throws Exception {
    listen(true, 1, 4, LONG);
    assertThat(connect().send(text + "\r\n".repeat(9)).untilEnd()).doesNotContain("HTTP/1.1 2");
    assertThat(handled).isEmpty();
    assertServes(true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/broken", "/deep", "/failed"})
  void aRequestThatBreaksItsHandlerIsAnsweredAndItsConnectionEnds(String path) throws Exception {
    listen(false, 1, 4, LONG);
    assertThat(connect().send(get(path)).untilEnd()).startsWith("HTTP/1.1 500 ");
    assertServes(false);
  }

  // Many connections.

  @Test
  void connectionsAboveTheBoundEndAtOnceAndOthersAreServedLater() throws Exception {
    listen(false, 1, 3, LONG);
    RawClient first = connect();
    RawClient second = connect();
    RawClient third = connect();
    assertThat(connect().untilEnd()).isEmpty();
    assertThat(connect().untilEnd()).isEmpty();

    // The place is free before the client sees the end.
    assertThat(first.halfClose().untilEnd()).isEmpty();
    RawClient honest = connect().send(get("/honest"));
    assertThat(connect().untilEnd()).isEmpty();
    assertThat(second.halfClose().untilEnd()).isEmpty();
    assertThat(third.halfClose().untilEnd()).isEmpty();
    assertThat(honest.untilEnd()).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void oneAddressCannotTakeThePlacesOfOthers() throws Exception {
    listen(false, new HttpListener.Limits(4, 16, 2, LONG, MAX_BODY));
    RawClient first = connect();
    RawClient second = connect();
    assertThat(connect().untilEnd()).isEmpty();

    RawClient other = kept(RawClient.connectFrom("127.0.0.2", listener.port()));
    assertThat(other.send(get("/other")).untilEnd()).startsWith("HTTP/1.1 200 ");
    assertThat(first.halfClose().untilEnd()).isEmpty();
    assertServes(false);
    assertThat(second.halfClose().untilEnd()).isEmpty();
  }

  @Test
  void requestsThatWaitForTheirAnswerCountAndKeepNoThread() throws Exception {
    listen(false, 1, 2, LONG);
    RawClient first = connect().send(get("/late"));
    RawClient second = connect().send(get("/late"));
    await().pollDelay(Duration.ZERO).pollInterval(LOOK).until(() -> handled.size() == 2);
    assertThat(connect().send(get("/third")).untilEnd()).isEmpty();

    late.complete(HttpAnswer.text(200, "text/plain", "at last"));
    assertThat(first.untilEnd()).endsWith("at last");
    assertThat(second.untilEnd()).endsWith("at last");
    assertThat(handled).containsExactly("/late", "/late");
  }

  // Half-open connections.

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aClientThatOnlyListensAfterItsRequestIsAnswered(boolean tls) throws Exception {
    listen(tls, 1, 4, LONG);
    assertThat(connect(tls).send(get("/half")).halfClose().untilEnd()).endsWith("/half ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GET / HT", "GET / HTTP/1.1\r\nA: b\r\n", "POST"})
  void aRequestThatStopsEndsItsConnectionUnanswered(String start) throws Exception {
    listen(false, 1, 4, LONG);
    String text = start.equals("POST") ? post(10) + "12345" : start;
    assertThat(connect().send(text).halfClose().untilEnd()).isEmpty();
    assertThat(handled).isEmpty();
  }

  @Test
  void clientsThatVanishLeaveNothingBehind() throws Exception {
    listen(false, 1, 3, LONG);
    // One of an honest client before may still be closing: so one place of three is spare.
    for (int round = 0; round < 4; round++) {
      RawClient.connect(listener.port()).send("GET / HT").reset();
      assertServes(false);
    }
  }

  // All of it at once.

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anHonestClientIsServedWhileOthersMisbehaveAndNoneOfThemHoldsUpTheEnd(boolean tls)
      throws Exception {
    listen(tls, 16, 64, LONG);
    connect();
    connect().send("\u0016");
    RawClient.connect(listener.port()).send("\u0016").reset();
    connect().send("\u0080 no protocol at all");
    connect(tls).send("GET / HT");
    connect(tls).send(post(10) + "12345");
    connect(tls).send("GET / HTTP/1.1\r\n" + headers(100));
    connect(tls).send(get("/late"));
    connect(tls).send(get("/late")).halfClose();
    RawClient deaf = kept(RawClient.connectNarrow(listener.port()));
    if (tls) {
      deaf.secure(clientSide);
    }
    assertThat(deaf.send(get("/huge")).first()).isEqualTo('H');
    for (int i = 0; i < 5; i++) {
      assertServes(tls);
    }
    // The end is looked at after each test.
  }

  @Test
  void connectionsThatWaitForAThreadDoNotHoldUpTheEnd() throws Exception {
    listen(true, 1, 8, LONG);
    for (int i = 0; i < 6; i++) {
      connect();
    }
  }
}

package io.evaljob.operator.sandbox.apiserver;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.Dispatcher;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * An API server on a free port of the loopback address, for clients that hold its token. Every
 * answered write is on the disk; a server opened on the same file goes on with the same UIDs and
 * resource versions.
 *
 * <p>Not served: server-side apply, strategic merge patches, deletions by selector, RBAC.
 */
public final class ApiServer implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(ApiServer.class.getName());

  /** Held strongly: the JDK forgets the level of a logger that nobody refers to. */
  private static final Logger REQUEST_LOG = Logger.getLogger(MockWebServer.class.getName());

  static {
    REQUEST_LOG.setLevel(Level.WARNING);
  }

  private final ObjectLog log;
  private final DurableDispatcher dispatcher;
  private final MockWebServer server;
  private final String token = randomToken();
  private final PodTokens podTokens;

  /**
   * Opens the objects in {@code file} and starts to serve them.
   *
   * @param file where the objects are kept; made when it is absent
   * @param customResources kinds served besides the built-in ones
   * @param admission checks objects of group {@code evaljob.io}
   * @param clock time of deletions and tokens
   * @param listener told every change in order, while the store is locked: it must not block and
   *     not call the server
   * @throws java.io.UncheckedIOException when the file cannot be used
   */
  public ApiServer(
      Path file,
      List<CustomResourceDefinition> customResources,
      Admission admission,
      Clock clock,
      Consumer<ObjectChange> listener) {
    podTokens = new PodTokens(clock);
    log = new ObjectLog(file);
    dispatcher =
        new DurableDispatcher(
            customResources.stream().map(CustomResourceDefinitionContext::fromCrd).toList(),
            log,
            admission,
            podTokens,
            clock,
            token,
            listener);
    dispatcher.forEach(listener);
    // Last: it has threads of its own, which nobody would stop if the file could not be read.
    server = new MockWebServer();
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            MockResponse response = dispatcher.dispatch(request);
            forgetOneRequest();
            return response;
          }
        });
    server.setHttp2ClearTextEnabled(false);
    server.start(InetAddress.getLoopbackAddress(), 0);
    dispatcher.ensureNamespace("default");
  }

  /** The server keeps every request for tests to look at: a leak here, so one goes for each. */
  private void forgetOneRequest() {
    try {
      server.takeRequest(0, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A new client of this server; the caller closes it. */
  public KubernetesClient newClient() {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("http://127.0.0.1:" + server.getPort())
            .withNamespace("default")
            .withOauthToken(token)
            .withHttp2Disable(true)
            .build();
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withHttpClientFactory(new JdkHttpClientFactory())
        .build();
  }

  /** Gives tokens to pods. */
  public PodTokens podTokens() {
    return podTokens;
  }

  /** Requests served so far. */
  public int requests() {
    return server.getRequestCount();
  }

  @Override
  public void close() {
    try {
      server.shutdown();
    } catch (IllegalStateException e) {
      // All is on disk: nothing is lost with a server that does not end in order.
      LOG.log(Level.WARNING, "the API server did not close cleanly", e);
    }
    log.close();
  }

  private static String randomToken() {
    byte[] bytes = new byte[32];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}

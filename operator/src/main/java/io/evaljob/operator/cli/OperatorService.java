package io.evaljob.operator.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import io.evaljob.operator.config.ConfigException;
import io.evaljob.operator.config.LogLevel;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.reconcile.LeanReading;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.OperatorException;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.slf4j.ILoggerFactory;
import org.slf4j.LoggerFactory;

/**
 * The process of {@code evaljob operator}, without the command line around it: that alone would be
 * a quarter of its start.
 */
final class OperatorService {
  private static final int CANNOT_START = 1;
  private static final int BAD_SETTINGS = 2;

  private OperatorService() {}

  /** A second signal does not wait for what the first one began to stop. */
  private static final int CUT_SHORT = 130;

  /**
   * Runs until the process is told to stop.
   *
   * @param environment the settings
   * @param err where it says why it cannot start
   * @return 0 after SIGTERM or Ctrl-C, 1 when it could not start, 2 when a setting is bad
   */
  static int run(Map<String, String> environment, PrintWriter err) throws InterruptedException {
    OperatorConfig config;
    try {
      config = OperatorConfig.fromEnvironment(environment);
    } catch (ConfigException e) {
      e.problems().forEach(err::println);
      err.flush();
      return BAD_SETTINGS;
    }
    CompletableFuture<KubernetesSerialization> reading =
        HeadStart.begin("reading", LeanReading::serialization);
    log(config.logLevel());
    sharePool();
    Config cluster = cluster(version());
    ClusterTls.prepare(cluster);
    OperatorProcess process;
    try {
      process =
          OperatorProcess.start(
              fence -> client(cluster, HeadStart.result(reading), fence),
              config,
              Clock.systemUTC());
    } catch (IOException | IllegalStateException e) {
      return cannotStart(err, e.getMessage());
    } catch (KubernetesClientException | OperatorException e) {
      return cannotStart(
          err,
          "the API server "
              + cluster.getMasterUrl()
              + " cannot be used: "
              + e.getMessage()
              + deepestCause(e)
              + "; are the custom resource definitions and the roles of deploy/ applied?");
    }
    CountDownLatch told = new CountDownLatch(1);
    Interrupts.handle(told::countDown, () -> Runtime.getRuntime().halt(CUT_SHORT));
    told.await();
    process.close();
    return 0;
  }

  /**
   * The JDK's HTTP client completes every request in the common pool, and where that would have a
   * single thread (on up to two processors), each time in a new thread.
   */
  private static void sharePool() {
    String parallelism = "java.util.concurrent.ForkJoinPool.common.parallelism";
    ClusterTls.setUnlessSet(
        parallelism, Integer.toString(Math.max(2, Runtime.getRuntime().availableProcessors())));
  }

  /** The client's own message names the request; why it failed is often only in a cause. */
  private static String deepestCause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause == failure ? "" : " (" + cause + ")";
  }

  private static int cannotStart(PrintWriter err, String why) {
    err.println("evaljob operator cannot start: " + why);
    err.flush();
    return CANNOT_START;
  }

  /** Knows where its token comes from: the client reads it again every minute. */
  static Config cluster(String version) {
    return new ConfigBuilder(Config.autoConfigure(null))
        .withUserAgent("evaljob-operator/" + version)
        .build();
  }

  private static KubernetesClient client(
      Config cluster, KubernetesSerialization reading, Interceptor fence) {
    return new KubernetesClientBuilder()
        .withConfig(cluster)
        .withKubernetesSerialization(reading)
        .withHttpClientBuilderConsumer(http -> http.addOrReplaceInterceptor("fence", fence))
        .build();
  }

  private static String version() {
    return Optional.ofNullable(OperatorService.class.getPackage().getImplementationVersion())
        .orElse("dev");
  }

  /** Libraries stay quieter than we are: at DEBUG they log whole requests, tokens included. */
  private static void log(LogLevel level) {
    ILoggerFactory factory = LoggerFactory.getILoggerFactory();
    if (factory instanceof LoggerContext context) {
      context.getLogger("io.evaljob").setLevel(Level.toLevel(level.name()));
    }
  }
}

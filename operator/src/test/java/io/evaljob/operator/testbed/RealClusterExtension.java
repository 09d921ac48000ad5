package io.evaljob.operator.testbed;

import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;

/** Starts one cluster for all tests that ask for it; see {@link RealCluster}. */
final class RealClusterExtension
    implements ExecutionCondition,
        ParameterResolver,
        BeforeTestExecutionCallback,
        TestExecutionExceptionHandler,
        LifecycleMethodExecutionExceptionHandler {

  private static final ExtensionContext.Namespace STORE =
      ExtensionContext.Namespace.create(RealClusterExtension.class);
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (given().isPresent()) {
      boolean needsOurs =
          context
              .getTestClass()
              .flatMap(type -> AnnotationSupport.findAnnotation(type, RealCluster.class))
              .map(RealCluster::ours)
              .orElse(false);
      return needsOurs
          ? skip(context, "it needs a control plane of its own; unset EVALJOB_TEST_KUBECONFIG")
          : ConditionEvaluationResult.enabled("a cluster was given");
    }
    if (Binaries.find(System.getenv()).isPresent() || required()) {
      return ConditionEvaluationResult.enabled("a control plane can be started, or is required");
    }
    return skip(context, Binaries.remedy());
  }

  /** One line a test run, not one a class: the remedy is the same. */
  private static ConditionEvaluationResult skip(ExtensionContext context, String why) {
    context
        .getRoot()
        .getStore(STORE)
        .getOrComputeIfAbsent(
            why,
            line -> {
              OUT.println("Tests on a real Kubernetes API server are skipped: " + line);
              return true;
            });
    return ConditionEvaluationResult.disabled(why);
  }

  private static boolean required() {
    return "required".equals(System.getenv("EVALJOB_TESTBED"));
  }

  private static Optional<Path> given() {
    return Optional.ofNullable(System.getenv("EVALJOB_TEST_KUBECONFIG"))
        .filter(path -> !path.isEmpty())
        .map(Path::of);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == ControlPlane.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return cluster(context);
  }

  /** The cluster of this test run, started when it is asked for the first time. */
  private static Cluster cluster(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(STORE)
        .getOrComputeIfAbsent(Held.class, key -> new Held(start()), Held.class)
        .cluster();
  }

  private static Cluster start() {
    Optional<Path> given = given();
    if (given.isPresent()) {
      return use(given.get());
    }
    Binaries binaries =
        Binaries.find(System.getenv())
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "EVALJOB_TESTBED=required, but there is no control plane: "
                            + Binaries.remedy()));
    Instant begin = Instant.now();
    Cluster cluster =
        new Cluster(LocalControlPlane.start(binaries, Checkout.target().resolve("testbed")));
    OUT.println(
        "A control plane of "
            + binaries.folder().getFileName()
            + " is up after "
            + Duration.between(begin, Instant.now()).toMillis()
            + " ms; its logs are in operator/target/testbed");
    return cluster;
  }

  private static Cluster use(Path kubeconfig) {
    Config config = Config.fromKubeconfig(kubeconfig.toFile());
    OUT.println("Tests use the cluster " + config.getMasterUrl());
    return new Cluster(config, kubeconfig.toAbsolutePath(), onPath("kubectl").getParent());
  }

  private static Path onPath(String program) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path candidate = Path.of(folder, program);
      if (Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    return Binaries.find(System.getenv())
        .map(found -> found.program(program))
        .orElseThrow(() -> new IllegalStateException(program + " is not on the PATH; install it"));
  }

  @Override
  public void beforeTestExecution(ExtensionContext context) {
    context.getStore(STORE).put("begin", Instant.now());
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    Instant begin =
        Optional.ofNullable(context.getStore(STORE).get("begin", Instant.class))
            .orElse(Instant.EPOCH);
    try {
      OUT.println("What the cluster saw of " + context.getDisplayName() + ":");
      cluster(context).story(begin).forEach(line -> OUT.println("  " + line));
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    throw failure;
  }

  @Override
  public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    handleTestExecutionException(context, failure);
  }

  @Override
  public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    handleTestExecutionException(context, failure);
  }

  /** Closed by the store at the end of the test run. */
  private record Held(Cluster cluster) implements AutoCloseable {
    @Override
    public void close() {
      cluster.close();
    }
  }
}

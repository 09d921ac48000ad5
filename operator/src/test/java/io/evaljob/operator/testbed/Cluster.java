package io.evaljob.operator.testbed;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A cluster that tests use, whoever started it. */
final class Cluster implements ControlPlane, AutoCloseable {

  private static final long TOKEN_SECONDS = 3600;

  private final Config config;
  private final Path kubeconfig;
  private final Path programs;
  private final Optional<LocalControlPlane> ours;
  private final KubernetesClient admin;
  private final String run = Long.toString(System.nanoTime() & 0xfffff, 36);
  private final AtomicInteger count = new AtomicInteger();
  private final ConcurrentLinkedQueue<String> namespaces = new ConcurrentLinkedQueue<>();
  private boolean operatorInstalled;

  /** Uses the control plane that was started here. */
  Cluster(LocalControlPlane plane) {
    this(plane.config(), plane.kubeconfig(), plane.binaries().folder(), Optional.of(plane));
  }

  /**
   * Uses a cluster that was given.
   *
   * @param programs where kubectl is
   */
  Cluster(Config config, Path kubeconfig, Path programs) {
    this(config, kubeconfig, programs, Optional.empty());
  }

  private Cluster(Config config, Path kubeconfig, Path programs, Optional<LocalControlPlane> ours) {
    this.config = config;
    this.kubeconfig = kubeconfig;
    this.programs = programs;
    this.ours = ours;
    this.admin = new KubernetesClientBuilder().withConfig(config).build();
  }

  @Override
  public KubernetesClient admin() {
    return admin;
  }

  @Override
  public Path kubeconfig() {
    return kubeconfig;
  }

  @Override
  public Path program(String name) {
    return programs.resolve(name);
  }

  @Override
  public Kubectl kubectl() {
    return new Kubectl(program("kubectl"), kubeconfig);
  }

  @Override
  public KubernetesClient clientOf(
      String namespace, String account, String userAgent, Map<String, Interceptor> interceptors) {
    TokenRequest token =
        admin
            .serviceAccounts()
            .inNamespace(namespace)
            .withName(account)
            .tokenRequest(
                new TokenRequestBuilder()
                    .withNewSpec()
                    .withExpirationSeconds(TOKEN_SECONDS)
                    .endSpec()
                    .build());
    Config own =
        new ConfigBuilder(Config.empty())
            .withMasterUrl(config.getMasterUrl())
            .withCaCertData(config.getCaCertData())
            .withCaCertFile(config.getCaCertFile())
            .withTrustCerts(config.isTrustCerts())
            .withOauthToken(token.getStatus().getToken())
            .withUserAgent(userAgent)
            .build();
    return new KubernetesClientBuilder()
        .withConfig(own)
        .withHttpClientBuilderConsumer(
            http -> interceptors.forEach((name, one) -> http.addOrReplaceInterceptor(name, one)))
        .build();
  }

  @Override
  public String namespace(String prefix) {
    String name = prefix + "-" + run + "-" + count.incrementAndGet();
    admin
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                .endMetadata()
                .build())
        .create();
    namespaces.add(name);
    await("the default account of " + name)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> admin.serviceAccounts().inNamespace(name).withName("default").get() != null);
    return name;
  }

  @Override
  public synchronized void installOperator() {
    if (operatorInstalled) {
      return;
    }
    kubectl().run("apply", "-k", "deploy");
    kubectl().run("scale", "-n", OPERATOR_NAMESPACE, "deployment/evaljob-operator", "--replicas=0");
    kubectl()
        .run(
            "wait",
            "--for=condition=Established",
            "crd/evaljobs.evaljob.io",
            "crd/evalquotas.evaljob.io",
            "crd/evalruntimes.evaljob.io",
            "crd/modelprofiles.evaljob.io");
    operatorInstalled = true;
  }

  @Override
  public Processes processes() {
    return ours.orElseThrow(
        () -> new IllegalStateException("the cluster was given: its processes are not ours"));
  }

  @Override
  public List<String> story(Instant since) {
    List<String> lines = new ArrayList<>();
    List<String> seen = new ArrayList<>(namespaces);
    seen.add(OPERATOR_NAMESPACE);
    for (String namespace : seen) {
      if (admin.namespaces().withName(namespace).get() != null) {
        lines.addAll(Story.of(admin, namespace, since));
      }
    }
    ours.ifPresent(plane -> lines.addAll(Story.errors(plane.components(), since)));
    return lines;
  }

  @Override
  public void close() {
    if (ours.isEmpty()) {
      namespaces.forEach(name -> admin.namespaces().withName(name).delete());
    }
    admin.close();
    ours.ifPresent(LocalControlPlane::close);
  }
}

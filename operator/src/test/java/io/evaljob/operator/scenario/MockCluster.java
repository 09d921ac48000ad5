package io.evaljob.operator.scenario;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.operator.reconcile.LeanReading;
import io.evaljob.operator.report.ReportSink;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The fabric8 mock server, with {@link ChildActor} in the place of Job controller and kubelet. */
public final class MockCluster implements TestCluster {

  static final String NODE = "node-1";

  /** Held, or the level set below is collected with it. */
  private static final Logger SERVER_LOG = Logger.getLogger("io.fabric8.mockwebserver");

  static {
    SERVER_LOG.setLevel(Level.WARNING);
  }

  private final WatchClosing watches = new WatchClosing();
  private final KubernetesMockServer server =
      new KubernetesMockServer(
          new Context(),
          new MockWebServer(),
          new HashMap<>(),
          new KubernetesCrudDispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
              return watches.apply(super.dispatch(request));
            }
          },
          false);
  private final KubernetesClient client;
  private final AtomicInteger namespaces = new AtomicInteger();
  private final Set<String> full = ConcurrentHashMap.newKeySet();
  private ChildActor actor;

  public MockCluster() {
    server.init();
    List.of(EvalJob.class, EvalQuota.class, EvalRuntime.class, ModelProfile.class)
        .forEach(
            type ->
                server.expectCustomResource(
                    CustomResourceDefinitionContext.fromCustomResourceType(type)));
    client = server.createClient();
  }

  @Override
  public KubernetesClient client() {
    return client;
  }

  @Override
  public KubernetesClient operatorClient(RequestTap tap) {
    return server.createClient(
        builder ->
            builder
                .withKubernetesSerialization(LeanReading.serialization())
                .withHttpClientBuilderConsumer(
                    http ->
                        http.addOrReplaceInterceptor("tap", tap)
                            .addOrReplaceInterceptor("selectors", new WithoutFieldSelectors())));
  }

  @Override
  public String newNamespace() {
    String name = "vlm-" + namespaces.incrementAndGet();
    // A client whose answer was lost asks again, and finds what it has made.
    client
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels(TestCluster.NAME_LABEL, name)
                .endMetadata()
                .build())
        .createOr(NonDeletingOperation::update);
    return name;
  }

  @Override
  public String nodeName() {
    return NODE;
  }

  @Override
  public void useUpQuota(String namespace) {
    full.add(namespace);
  }

  @Override
  public void raiseQuota(String namespace) {
    full.remove(namespace);
    actor.resume(namespace);
  }

  @Override
  public void serveWorkloads() {
    server.expectCustomResource(
        new CustomResourceDefinitionContext.Builder()
            .withGroup("kueue.x-k8s.io")
            .withVersion("v1beta2")
            .withScope("Namespaced")
            .withKind("Workload")
            .withPlural("workloads")
            .withStatusSubresource(true)
            .build());
  }

  @Override
  public void play(Script script, Supplier<Optional<ReportSink>> reports) {
    actor = new ChildActor(client, script, new PretendedRunner(reports), full::contains);
    actor.start();
  }

  /** The mock server collects no garbage, and is thrown away after the test. */
  @Override
  public void leaveNothing() {}

  @Override
  public void close() {
    if (actor != null) {
      actor.close();
    }
    client.close();
    server.destroy();
    watches.close();
  }

  /** The mock server matches no object against a field selector; the operator filters again. */
  private static final class WithoutFieldSelectors implements Interceptor {
    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      String uri = request.uri().toString();
      if (uri.contains("fieldSelector=reason")) {
        builder.uri(URI.create(uri.replaceFirst("fieldSelector=[^&]*&?", "")));
      }
    }
  }
}

package io.evaljob.operator.scenario;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.operator.report.ReportSink;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The fabric8 mock server, with {@link ChildActor} in the place of Job controller and kubelet. */
public final class MockCluster implements TestCluster {

  private final KubernetesMockServer server =
      new KubernetesMockServer(
          new Context(),
          new MockWebServer(),
          new HashMap<>(),
          new KubernetesCrudDispatcher(),
          false);
  private final KubernetesClient client;
  private ChildActor actor;

  public MockCluster() {
    server.init();
    List.of(EvalJob.class, EvalRuntime.class)
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
            builder.withHttpClientBuilderConsumer(
                http -> http.addOrReplaceInterceptor("tap", tap)));
  }

  @Override
  public void play(Script script, Supplier<Optional<ReportSink>> reports) {
    actor = new ChildActor(client, script, reports);
    actor.start();
  }

  @Override
  public void close() {
    if (actor != null) {
      actor.close();
    }
    client.close();
    server.destroy();
  }
}

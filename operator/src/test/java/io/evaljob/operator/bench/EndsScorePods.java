package io.evaljob.operator.bench;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Ends the pods of the Score stage after a second, where there is no operator to report to. */
final class EndsScorePods implements AutoCloseable {

  private final ScheduledExecutorService pool = Executors.newScheduledThreadPool(16);
  private final Set<String> begun = ConcurrentHashMap.newKeySet();
  private final KubernetesClient client;
  private final SharedIndexInformer<Pod> pods;

  EndsScorePods(KubernetesClient client, String namespace) {
    this.client = client;
    pods =
        client
            .pods()
            .inNamespace(namespace)
            .withLabel("evaljob.io/stage", "score")
            .inform(new Seen<>(this::see));
  }

  private void see(Pod pod) {
    if ("Running".equals(pod.getStatus().getPhase()) && begun.add(pod.getMetadata().getUid())) {
      var unused = pool.schedule(() -> end(pod), 1, TimeUnit.SECONDS);
    }
  }

  private void end(Pod pod) {
    client
        .pods()
        .inNamespace(pod.getMetadata().getNamespace())
        .withName(pod.getMetadata().getName())
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            FakeRunners.ended(pod.getSpec().getContainers().get(0).getName()));
  }

  @Override
  public void close() {
    pods.close();
    pool.shutdownNow();
  }
}

package io.evaljob.operator.reconcile;

import io.evaljob.operator.observe.Liveness;
import io.evaljob.operator.resources.ChildFactory;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes runners of older operators once no unfinished Job mounts them; the present one stays. */
final class RunnerSweep {

  private static final Logger LOG = LoggerFactory.getLogger(RunnerSweep.class);

  private final KubernetesClient client;
  private final ChildFactory children;
  private final EventSources sources;

  RunnerSweep(KubernetesClient client, ChildFactory children, EventSources sources) {
    this.client = client;
    this.children = children;
    this.sources = sources;
  }

  void sweep(String namespace) {
    String present = children.runner(namespace).getMetadata().getName();
    List<ConfigMap> older =
        sources.runners(namespace).stream()
            .filter(runner -> !runner.getMetadata().getName().equals(present))
            .toList();
    if (older.isEmpty()) {
      return;
    }
    Set<String> mounted =
        sources.jobs(namespace).stream()
            .filter(Liveness::mayMakePods)
            .flatMap(job -> job.getSpec().getTemplate().getSpec().getVolumes().stream())
            .map(Volume::getConfigMap)
            .filter(Objects::nonNull)
            .map(source -> source.getName())
            .collect(Collectors.toSet());
    for (ConfigMap runner : older) {
      String name = runner.getMetadata().getName();
      if (!mounted.contains(name)) {
        try {
          client.configMaps().inNamespace(namespace).withName(name).delete();
        } catch (KubernetesClientException e) {
          LOG.warn("Runner {}/{} could not be deleted: status {}", namespace, name, e.getCode());
        }
      }
    }
  }
}

package io.evaljob.operator.reconcile;

import io.evaljob.operator.resources.ChildFactory;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
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
    Set<String> mounted =
        sources.jobs(namespace).stream()
            .filter(job -> !hasEnded(job))
            .flatMap(job -> job.getSpec().getTemplate().getSpec().getVolumes().stream())
            .map(Volume::getConfigMap)
            .filter(Objects::nonNull)
            .map(source -> source.getName())
            .collect(Collectors.toSet());
    for (ConfigMap runner : sources.runners(namespace)) {
      String name = runner.getMetadata().getName();
      if (!name.equals(present) && !mounted.contains(name)) {
        try {
          client.configMaps().inNamespace(namespace).withName(name).delete();
        } catch (KubernetesClientException e) {
          LOG.warn("Runner {}/{} could not be deleted: status {}", namespace, name, e.getCode());
        }
      }
    }
  }

  private static boolean hasEnded(Job job) {
    return job.getStatus() != null
        && job.getStatus().getConditions().stream()
            .anyMatch(
                condition ->
                    "True".equals(condition.getStatus())
                        && ("Complete".equals(condition.getType())
                            || "Failed".equals(condition.getType())));
  }
}

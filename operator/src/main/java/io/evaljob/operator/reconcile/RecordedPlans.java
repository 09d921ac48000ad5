package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.operator.resources.PlanConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * What stands under the names of the plans that an EvalJob's status has on record.
 *
 * @param intact the plans that are there as they were made, by name
 * @param foreign names under which something else stands: another's, changed, or being deleted
 */
record RecordedPlans(Map<String, ConfigMap> intact, Set<String> foreign) {

  RecordedPlans {
    intact = Map.copyOf(intact);
    foreign = Set.copyOf(foreign);
  }

  /** Reads the plans on record; {@code source} answers for a name in the EvalJob's namespace. */
  static RecordedPlans read(
      EvalJob job, BiFunction<ModelStatus, String, Optional<ConfigMap>> source) {
    Map<String, ConfigMap> intact = new HashMap<>();
    Set<String> foreign = new HashSet<>();
    if (job.getStatus() != null) {
      for (ModelStatus model : job.getStatus().models()) {
        Optional<ConfigMap> found =
            model.planNameIfSet().flatMap(name -> source.apply(model, name));
        String digest = model.planDigestIfSet().orElse("");
        if (found.filter(plan -> PlanConfigMap.isPlan(plan, job, digest)).isPresent()) {
          intact.put(model.planName(), found.get());
        } else if (found.isPresent()) {
          foreign.add(model.planName());
        }
      }
    }
    return new RecordedPlans(intact, foreign);
  }
}

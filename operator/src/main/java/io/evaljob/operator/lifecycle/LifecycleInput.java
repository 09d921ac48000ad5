package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.validate.Validation;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All that a decision is made from, read once.
 *
 * @param job the EvalJob with its status
 * @param validation what validation and planning say of it now
 * @param runHash hash of the run that the spec and the runtime describe now, empty unless valid
 * @param observations what is seen of its models, by name
 * @param jobsOfOtherRuns names of Jobs of other runs that are not yet being deleted
 * @param presentPlans names of the plan ConfigMaps on record that exist as they were made
 * @param foreignPlans names of plan ConfigMaps on record under which something else stands now
 * @param reports the newest report to write of a pod, by the pod's UID
 * @param now the time of the pass
 * @param settings limits that no spec names
 * @param quota the EvalQuota of its namespace as it is written; empty where there is none
 */
public record LifecycleInput(
    EvalJob job,
    Validation validation,
    Optional<String> runHash,
    Map<String, ModelObservation> observations,
    List<String> jobsOfOtherRuns,
    Set<String> presentPlans,
    Set<String> foreignPlans,
    Map<String, StageReport> reports,
    Instant now,
    LifecycleSettings settings,
    Optional<QuotaView> quota) {

  /** Copies its collections. */
  public LifecycleInput {
    observations = Map.copyOf(observations);
    jobsOfOtherRuns = List.copyOf(jobsOfOtherRuns);
    presentPlans = Set.copyOf(presentPlans);
    foreignPlans = Set.copyOf(foreignPlans);
    reports = Map.copyOf(reports);
  }

  ModelObservation observed(String model) {
    return observations.getOrDefault(model, ModelObservation.NOTHING);
  }
}

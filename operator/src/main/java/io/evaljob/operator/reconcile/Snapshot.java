package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.operator.lifecycle.LifecycleInput;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.observe.JobObserver;
import io.evaljob.operator.observe.KueueView;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.resources.RunHash;
import io.evaljob.operator.validate.ClaimSource;
import io.evaljob.operator.validate.JobInputs;
import io.evaljob.operator.validate.LayeredProfiles;
import io.evaljob.operator.validate.QuotaCap;
import io.evaljob.operator.validate.Validation;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything one pass reads, read once.
 *
 * @param job the EvalJob
 * @param runtime the runtime it names, when there is one
 * @param runtimeNames names of all runtimes
 * @param namespaceLabels labels of its namespace
 * @param profiles where to find profiles
 * @param claims where to find claims
 * @param devices who isolates the devices
 * @param operatorNamespace namespace of the operator
 * @param jobs Jobs labelled as its children
 * @param pods pods labelled as its children
 * @param failedCreates FailedCreate events of these Jobs
 * @param kueue what is seen of Kueue
 * @param quota the EvalQuota that admits in its namespace
 * @param plans what stands under the names of the plans on record
 */
record Snapshot(
    EvalJob job,
    Optional<EvalRuntime> runtime,
    List<String> runtimeNames,
    Map<String, String> namespaceLabels,
    LayeredProfiles profiles,
    ClaimSource claims,
    DeviceContext devices,
    String operatorNamespace,
    List<Job> jobs,
    List<Pod> pods,
    List<Event> failedCreates,
    KueueView kueue,
    Optional<EvalQuota> quota,
    RecordedPlans plans) {

  Snapshot {
    namespaceLabels = namespaceLabels == null ? Map.of() : namespaceLabels;
  }

  JobInputs inputs() {
    return new JobInputs(
        job,
        runtime,
        runtimeNames,
        namespaceLabels,
        profiles,
        claims,
        devices,
        operatorNamespace,
        admitting().map(QuotaCap::of));
  }

  /** The same with fewer Jobs. */
  Snapshot withJobs(List<Job> fewer) {
    return new Snapshot(
        job,
        runtime,
        runtimeNames,
        namespaceLabels,
        profiles,
        claims,
        devices,
        operatorNamespace,
        fewer,
        pods,
        failedCreates,
        kueue,
        quota,
        plans);
  }

  /** The quota that this EvalJob asks; a queue of Kueue admits in its place. */
  private Optional<EvalQuota> admitting() {
    return quota.filter(found -> job.getSpec().queueNameIfSet().isEmpty());
  }

  /** The ledger of the quota as this EvalJob sees it. */
  Optional<QuotaView> ledger() {
    return quota.map(found -> QuotaRecords.view(found, job));
  }

  LifecycleInput lifecycleInput(
      Validation validation,
      Map<String, StageReport> reports,
      Instant now,
      LifecycleSettings settings) {
    JobObserver observer = new JobObserver(job.getMetadata().getUid(), runNumber());
    return new LifecycleInput(
        job,
        validation,
        validation instanceof Validation.Valid valid
            ? Optional.of(RunHash.of(job, valid.job().runtime()))
            : Optional.empty(),
        observer.observe(jobs, pods, failedCreates, kueue),
        observer.jobsOfOtherRuns(jobs),
        plans.intact().keySet(),
        plans.foreign(),
        reports,
        now,
        settings,
        admitting().flatMap(found -> ledger()));
  }

  /** The run the spec asks for: the one on record, or the one after it. */
  private long runNumber() {
    Optional<RunStatus> run = Optional.ofNullable(job.getStatus()).flatMap(EvalJobStatus::runIfSet);
    return run.filter(now -> job.getSpec().runIDOrDefault().equals(now.id()))
        .map(RunStatus::number)
        .orElseGet(() -> run.map(RunStatus::number).orElse(0L) + 1);
  }
}

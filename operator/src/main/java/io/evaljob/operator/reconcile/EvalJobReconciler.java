package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.leader.Fence;
import io.evaljob.operator.leader.Leadership;
import io.evaljob.operator.lifecycle.Conclusion;
import io.evaljob.operator.lifecycle.Decision;
import io.evaljob.operator.lifecycle.Lifecycle;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.lifecycle.Outcome;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.resources.ChildFactory;
import io.evaljob.operator.status.Conditions;
import io.evaljob.operator.validate.Validation;
import io.evaljob.operator.validate.Validator;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Moves one EvalJob on, one pass at a time. */
@ControllerConfiguration(name = "evaljob")
final class EvalJobReconciler implements Reconciler<EvalJob> {

  private static final Duration AFTER_CONFLICT = Duration.ofMillis(200);

  /** A pass without any event, unless at rest: what a watch missed is found in this time. */
  private static final Duration LONGEST_SILENCE = Duration.ofMinutes(3);

  private final Clock clock;
  private final ReportInbox inbox;
  private final LifecycleSettings limits;
  private final LeadersPass leaders;
  private final Resting resting;
  private final EventSources sources;
  private final TrustedJobs trusted;
  private final ActionExecutor executor;
  private final StatusWriter writer;
  private final EventRecorder recorder;
  private final RunnerSweep sweep;
  private final DeviceDoor door = new DeviceDoor();

  EvalJobReconciler(
      KubernetesClient client,
      OperatorConfig config,
      Clock clock,
      DeviceContext devices,
      ChildFactory children,
      Supplier<String> caBundle,
      ReportInbox inbox,
      LifecycleSettings limits,
      Leadership leadership,
      Resting resting) {
    this.clock = clock;
    this.inbox = inbox;
    this.limits = limits;
    leaders = new LeadersPass(leadership);
    this.resting = resting;
    sources = new EventSources(client, config, clock, devices, inbox, limits, resting);
    KubernetesClient writing = Fence.singleTry(client);
    trusted = new TrustedJobs(children, new ChildWriter(client));
    executor = new ActionExecutor(writing, children, sources, caBundle, door);
    writer = new StatusWriter(writing);
    recorder = new EventRecorder(writing, clock);
    sweep = new RunnerSweep(writing, children, sources);
  }

  /** The caches as quotas see them. */
  QuotaSources quotas() {
    return sources.quotas();
  }

  /** What Jobs with charged devices are made behind. */
  DeviceDoor door() {
    return door;
  }

  /** Has every EvalJob reconciled. */
  void wakeAll() {
    sources.wakeAll();
  }

  /** Ends what the framework does not end. */
  void close() {
    recorder.close();
    sources.close();
  }

  @Override
  public List<EventSource<?, EvalJob>> prepareEventSources(EventSourceContext<EvalJob> context) {
    return sources.all(context);
  }

  @Override
  public UpdateControl<EvalJob> reconcile(EvalJob job, Context<EvalJob> context) {
    return leaders.take(job, () -> pass(job, context));
  }

  private UpdateControl<EvalJob> pass(EvalJob job, Context<EvalJob> context) {
    if (job.getMetadata().getDeletionTimestamp() != null
        || sources.isBeingDeleted(job.getMetadata().getNamespace())) {
      inbox.forget(job.getMetadata().getUid());
      return UpdateControl.noUpdate();
    }
    Snapshot snapshot = trusted.of(sources.snapshot(job));
    Validation validation = Validator.validate(snapshot.inputs());
    Decision decision =
        Lifecycle.decide(
            snapshot.lifecycleInput(validation, inbox.reportsOf(job), clock.instant(), limits));
    List<Outcome> outcomes = executor.execute(snapshot, validation, decision.actions());
    Conclusion conclusion = decision.conclude(outcomes);
    StatusWriter.Written written = writer.write(job, conclusion.status(), context);
    if (written != StatusWriter.Written.CONFLICT) {
      sources.quotas().written(job, conclusion.status(), snapshot.ledger());
    }
    return finish(job, conclusion, written);
  }

  private UpdateControl<EvalJob> finish(
      EvalJob job, Conclusion conclusion, StatusWriter.Written written) {
    UpdateControl<EvalJob> control = UpdateControl.noUpdate();
    if (written == StatusWriter.Written.CONFLICT) {
      return control.rescheduleAfter(AFTER_CONFLICT);
    }
    if (written == StatusWriter.Written.GONE) {
      inbox.forget(job.getMetadata().getUid());
      return control;
    }
    inbox.settle(job.getMetadata().getUid(), conclusion.settledReports());
    resting.caughtUp(job.getMetadata().getUid());
    boolean finished = Conditions.holds(conclusion.status().conditions(), ConditionType.Finished);
    if (finished) {
      inbox.forgetAnswered(job.getMetadata().getUid());
    }
    if (written != StatusWriter.Written.UNCHANGED) {
      recorder.record(job, conclusion.events());
    }
    if (conclusion.justFinished()) {
      sweep.sweep(job.getMetadata().getNamespace());
    }
    if (written == StatusWriter.Written.WRITTEN_BUT_SPEC_MOVED) {
      return control.reschedule();
    }
    Optional<Duration> next = conclusion.requeueAfter();
    if (next.filter(Duration::isZero).isPresent()) {
      control.reschedule();
    } else if (next.isPresent() || !finished) {
      control.rescheduleAfter(
          next.filter(after -> finished || after.compareTo(LONGEST_SILENCE) < 0)
              .orElse(LONGEST_SILENCE));
    }
    return control;
  }
}

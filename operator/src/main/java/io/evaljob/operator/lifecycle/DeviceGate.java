package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Reason;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.status.Conditions;
import io.evaljob.operator.status.ModelDraft;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Stands before every attempt that holds devices: where an EvalQuota limits them, the attempt waits
 * in its queue until they are charged for it.
 */
final class DeviceGate {

  private static final List<Reason> QUOTA_REASONS =
      List.of(Reason.Reserved, Reason.Queued, Reason.Released);

  private final Pass pass;

  DeviceGate(Pass pass) {
    this.pass = pass;
  }

  /**
   * Whether the Job of the attempt that a model is at may be made now; where not, the model is put
   * in the queue.
   */
  boolean opens(ModelDraft model) {
    Optional<QuotaView> quota = chargedTo(model);
    if (quota.isEmpty()) {
      model.notQueued();
      return true;
    }
    if (quota.get().reserved().contains(key(model))) {
      return true;
    }
    queue(model, quota.get());
    return false;
  }

  /** Puts a model in the queue, or leaves it there: its place is as old as it was. */
  void queue(ModelDraft model, QuotaView quota) {
    Instant now = pass.input().now();
    // A clock that was set back would make a time ahead of it last.
    model.queued(model.queuedTime().filter(since -> since.isBefore(now)).orElse(now));
    model.phase(Phase.Queued);
    pass.waitFor(
        model.name(),
        new Wait(
            WaitingReason.EvalQuota, quota.explain(model.name(), resource(), model.devices())));
  }

  /** Gives a place in the queue up: whoever cannot start keeps nobody waiting. */
  void leave(ModelDraft model) {
    model.notQueued();
    if (model.phase() == Phase.Queued) {
      model.phase(Phase.Pending);
    }
  }

  /** The quota that the model's present stage is charged to; empty where it is charged to none. */
  Optional<QuotaView> chargedTo(ModelDraft model) {
    return model.stage() == Stage.Infer ? limiting(model) : Optional.empty();
  }

  private Optional<QuotaView> limiting(ModelDraft model) {
    return pass.input()
        .quota()
        .filter(quota -> model.devices() > 0 && quota.limits().covers(resource()));
  }

  /** The condition QuotaReserved; empty while nothing is decided. */
  Optional<Conditions.Now> condition() {
    List<ModelDraft> limited =
        pass.models().stream().filter(model -> limiting(model).isPresent()).toList();
    if (limited.isEmpty()) {
      return Optional.of(notLimited());
    }
    QuotaView quota = pass.input().quota().orElseThrow();
    int charged =
        limited.stream()
            .filter(model -> !model.ended() && model.stage() == Stage.Infer)
            .filter(model -> quota.reserved().contains(key(model)))
            .mapToInt(ModelDraft::devices)
            .sum();
    if (charged > 0) {
      return Optional.of(
          now(
              true,
              Reason.Reserved,
              charged + " " + resource() + " are charged to EvalQuota " + quota.name() + "."));
    }
    Optional<ModelDraft> queued =
        limited.stream().filter(model -> model.phase() == Phase.Queued).findFirst();
    if (queued.isPresent()) {
      return Optional.of(
          now(
              false,
              Reason.Queued,
              quota.explain(queued.get().name(), resource(), queued.get().devices())));
    }
    return Conditions.find(pass.before().conditions(), ConditionType.QuotaReserved)
        .map(Condition::reason)
        .map(Reason::of)
        .filter(QUOTA_REASONS::contains)
        .map(before -> now(false, Reason.Released, "No device is charged any more."));
  }

  private Conditions.Now notLimited() {
    Optional<String> queue = pass.input().job().getSpec().queueNameIfSet();
    if (queue.isEmpty()) {
      return now(true, Reason.NotLimited, "No EvalQuota limits what this run needs.");
    }
    return wasCharged() && runsOutsideTheQueue()
        ? now(
            true,
            Reason.Reserved,
            "What was started before spec.queueName was set stays charged to its EvalQuota until it"
                + " ends; what starts from now on is admitted by Kueue's queue "
                + queue.get()
                + ".")
        : now(
            true,
            Reason.NotLimited,
            "Kueue's queue " + queue.get() + " admits this run; no EvalQuota is charged for it.");
  }

  private boolean wasCharged() {
    return Conditions.find(pass.before().conditions(), ConditionType.QuotaReserved)
        .map(Condition::reason)
        .filter(Reason.Reserved.name()::equals)
        .isPresent();
  }

  private boolean runsOutsideTheQueue() {
    return pass.models().stream()
        .flatMap(model -> pass.input().observed(model.name()).attempts().stream())
        .anyMatch(
            attempt ->
                attempt.stage() == Stage.Infer && !attempt.ended() && attempt.queue().isEmpty());
  }

  private static Conditions.Now now(boolean holds, Reason reason, String message) {
    return new Conditions.Now(ConditionType.QuotaReserved, holds, reason, message);
  }

  private AttemptKey key(ModelDraft model) {
    return new AttemptKey(
        pass.input().job().getMetadata().getUid(),
        pass.run().map(RunStatus::number).orElse(0L),
        model.name(),
        model.attempt());
  }

  private String resource() {
    return pass.input().job().getSpec().acceleratorOrDefault().resourceNameOrDefault();
  }
}

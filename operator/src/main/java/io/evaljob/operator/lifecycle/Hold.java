package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Reason;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.RefusalReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Why no run goes on: something is missing that may come, or the spec has to change.
 *
 * @param reason the reason of the condition Accepted
 * @param message the message of the condition Accepted
 * @param missing what is waited for, empty where the spec has to change
 */
record Hold(Reason reason, String message, Optional<Wait> missing) {

  private static final Set<RefusalReason> NOT_ALLOWED =
      Set.of(
          RefusalReason.NotAllowedByRuntime,
          RefusalReason.NamespaceNotAllowed,
          RefusalReason.LimitExceeded,
          RefusalReason.DeviceLimitExceeded);

  /** Well formed, but these models and these devices do not come together. */
  private static final Set<RefusalReason> INFEASIBLE =
      Set.of(
          RefusalReason.NoDevices,
          RefusalReason.FewerDevicesThanProcesses,
          RefusalReason.DevicesNotDivisible,
          RefusalReason.NotEnoughDevices,
          RefusalReason.DeviceMemoryTooSmall,
          RefusalReason.ModelTooLarge,
          RefusalReason.DeviceCountNotAllowed,
          RefusalReason.SplitOverPartitions,
          RefusalReason.SharedReplicas,
          RefusalReason.ModelNotSupported,
          RefusalReason.LoaderCannotSplit,
          RefusalReason.StrategyNotSupported,
          RefusalReason.ProfileRequired,
          RefusalReason.TensorParallelProcesses,
          RefusalReason.TensorParallelWasteful,
          RefusalReason.TensorParallelHeads);

  static Hold missing(WaitingReason what, String message) {
    return new Hold(Reason.of(what.name()), message, Optional.of(new Wait(what, message)));
  }

  /** A run that has not begun is not begun while {@code spec.suspend} is set. */
  static Hold suspended() {
    return new Hold(Reason.Suspended, "", Optional.empty());
  }

  static Hold refused(List<Refusal> refusals) {
    Reason reason = Reason.Invalid;
    if (refusals.stream().allMatch(refusal -> NOT_ALLOWED.contains(refusal.reason()))) {
      reason = Reason.NotAllowed;
    } else if (refusals.stream().allMatch(refusal -> INFEASIBLE.contains(refusal.reason()))) {
      reason = Reason.Infeasible;
    }
    return new Hold(reason, text(refusals), Optional.empty());
  }

  /** All violations in one text, numbered where there are several. */
  private static String text(List<Refusal> refusals) {
    if (refusals.size() == 1) {
      return refusals.get(0).message();
    }
    List<String> lines = new ArrayList<>();
    for (Refusal refusal : refusals) {
      lines.add("(" + (lines.size() + 1) + ") " + refusal.message());
    }
    return String.join("\n", lines);
  }
}

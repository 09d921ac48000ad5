package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Reason;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.status.Conditions.Now;
import java.util.List;
import java.util.Optional;

/** The conditions of every state an EvalJob can be in; kstatus and Argo CD read them. */
final class ConditionTable {

  private ConditionTable() {}

  /** Something the spec names does not exist yet. */
  static List<Now> missing(Hold hold) {
    return rows(
        new Now(ConditionType.Accepted, false, hold.reason(), hold.message()),
        new Now(ConditionType.Finished, false, Reason.Waiting, ""),
        new Now(ConditionType.Ready, false, Reason.Waiting, hold.message()),
        new Now(ConditionType.Reconciling, true, Reason.Waiting, hold.message()),
        new Now(ConditionType.Stalled, false, Reason.Waiting, ""));
  }

  /** The spec can never run: an edit is needed. */
  static List<Now> invalid(Hold hold) {
    return rows(
        new Now(ConditionType.Accepted, false, hold.reason(), hold.message()),
        new Now(ConditionType.Finished, true, Reason.Invalid, ""),
        new Now(ConditionType.Ready, false, Reason.Invalid, hold.message()),
        new Now(ConditionType.Reconciling, false, Reason.Invalid, ""),
        new Now(ConditionType.Stalled, true, Reason.Invalid, hold.message()));
  }

  /** A run has begun, and an edit since then keeps new Jobs from being made. */
  static List<Now> refusedEdit(Hold hold) {
    return rows(
        new Now(ConditionType.Accepted, false, hold.reason(), hold.message()),
        new Now(ConditionType.Finished, false, Reason.Invalid, ""),
        new Now(ConditionType.Ready, false, Reason.Invalid, hold.message()),
        new Now(ConditionType.Reconciling, false, Reason.Invalid, ""),
        new Now(ConditionType.Stalled, true, Reason.Invalid, hold.message()));
  }

  /** The run goes on, or waits. */
  static List<Now> active(Phase phase, Optional<Wait> wait) {
    Reason reason =
        wait.isPresent() || phase == Phase.Pending ? Reason.Waiting : Reason.of(phase.name());
    String message = wait.map(Wait::message).orElse("");
    return rows(
        new Now(ConditionType.Accepted, true, Reason.Planned, ""),
        new Now(ConditionType.Finished, false, reason, ""),
        new Now(ConditionType.Ready, false, reason, message),
        new Now(ConditionType.Reconciling, true, reason, message),
        new Now(ConditionType.Stalled, false, reason, ""));
  }

  /** Nothing runs, as the spec wants it. */
  static List<Now> suspended() {
    String message = "Nothing runs and no device is held; set spec.suspend to false to go on.";
    return rows(
        new Now(ConditionType.Accepted, true, Reason.Planned, ""),
        new Now(ConditionType.Finished, false, Reason.Suspended, ""),
        new Now(ConditionType.Ready, true, Reason.Suspended, message),
        new Now(ConditionType.Reconciling, false, Reason.Suspended, ""),
        new Now(ConditionType.Stalled, false, Reason.Suspended, ""));
  }

  /** The run has ended. */
  static List<Now> finished(Phase phase, String message) {
    boolean good = phase == Phase.Succeeded;
    Reason reason = Reason.of(phase.name());
    return rows(
        new Now(ConditionType.Accepted, true, Reason.Planned, ""),
        new Now(ConditionType.Finished, true, reason, message),
        new Now(ConditionType.Ready, good, reason, message),
        new Now(ConditionType.Reconciling, false, reason, ""),
        new Now(ConditionType.Stalled, !good, reason, good ? "" : message));
  }

  private static List<Now> rows(Now... rows) {
    return List.of(rows);
  }
}

package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.status.ModelDraft;

/**
 * Gives the devices of a run back while {@code spec.suspend} is set. An attempt that runs loses its
 * Job; the next one takes its work up, and no retry is charged for it. An attempt that has ended is
 * taken for what it is.
 */
final class Suspension {

  private Suspension() {}

  /** Ends an attempt that has not ended by itself. */
  static void stop(Pass pass, ModelDraft model, AttemptObservation attempt) {
    if (!(attempt.state() instanceof AttemptObservation.Leaving)) {
      pass.act(new Action.DeleteJob(attempt.jobName()));
    }
    model.nextAttempt();
    rest(pass, model, pass.input().observed(model.name()));
  }

  /** Starts nothing. */
  static void rest(Pass pass, ModelDraft model, ModelObservation seen) {
    new DeviceGate(pass).leave(model);
    model.phase(Phase.Suspended);
    if (!seen.livePods().isEmpty()) {
      pass.waitFor(
          model.name(),
          new Wait(
              WaitingReason.PodsRemain,
              "The run is suspended, and pods of it are still ending ("
                  + String.join(", ", seen.livePods())
                  + "); delete one by hand if its node is gone."));
    }
  }
}

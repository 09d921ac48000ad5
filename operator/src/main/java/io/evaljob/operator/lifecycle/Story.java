package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.plan.DeviceLimit;
import io.evaljob.operator.plan.PlanSize;
import io.evaljob.operator.status.ModelDraft;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The sentences of events. */
final class Story {

  private Story() {}

  static String planned(long run, List<ModelStatus> models) {
    return "Run "
        + run
        + ": "
        + models.stream()
            .map(model -> model.name() + " on " + mapping(model))
            .collect(Collectors.joining("; "))
        + ".";
  }

  static EventNote stageStarted(ModelDraft model) {
    String where =
        model.stage() == Stage.Infer ? " on " + mapping(model.before()) : " without devices";
    return EventNote.normal(
        model.stage().name() + "Started",
        "Model "
            + model.name()
            + ": "
            + model.stage()
            + " attempt "
            + model.attempt()
            + where
            + ".");
  }

  static EventNote retry(ModelDraft model, FailureCause cause, String message, Duration delay) {
    return EventNote.warning(
        "RetryScheduled",
        "Model "
            + model.name()
            + ": "
            + model.stage()
            + " failed with "
            + cause
            + " ("
            + message
            + "); attempt "
            + model.attempt()
            + (delay.isZero() ? " follows." : " follows in " + delay.toSeconds() + " s."));
  }

  static EventNote replanned(ModelDraft model, String was, PlanSize now, String message) {
    return EventNote.warning(
        "Replanned",
        "Model "
            + model.name()
            + ": out of device memory on "
            + was
            + " ("
            + message
            + "); Infer attempt "
            + model.attempt()
            + " gets "
            + devices(model)
            + " with "
            + now.reservePercent()
            + " % of each left free.");
  }

  /** The end of the message of an attempt that nothing larger follows. */
  static String noLargerPlan(ModelDraft model, String why) {
    int tried = model.planHistory().size();
    return " No larger plan"
        + (tried > 1 ? " follows the " + tried + " that were tried" : " is made")
        + " (spec.split.onOutOfMemory: Replan): "
        + why
        + ".";
  }

  /** What is said of a larger plan that its queue can never admit. */
  static String beyondItsQueue(ModelDraft model, String resource, DeviceLimit queue) {
    return " The larger plan of attempt "
        + model.attempt()
        + " (spec.split.onOutOfMemory: Replan) takes "
        + model.devices()
        + " "
        + resource
        + ", and "
        + queue.by()
        + " can never give more than "
        + queue.devices()
        + ".";
  }

  /** For example {@code 2 processes x 4 devices (0-3|4-7), split Layers}. */
  static String devices(ModelDraft model) {
    return mapping(model.processes(), model.devicesPerProcess(), model.strategy());
  }

  static EventNote suspended() {
    return EventNote.normal(
        "Suspended", "Nothing is started and pods are ended; what they have done is kept.");
  }

  static EventNote resumed() {
    return EventNote.normal("Resumed", "The run goes on where it was suspended.");
  }

  static EventNote incomplete(ModelDraft model, FailureCause cause, long done) {
    return EventNote.warning(
        "InferIncomplete",
        "Model "
            + model.name()
            + ": no attempt is left after "
            + cause
            + ", but "
            + done
            + " data sets are done and will be scored.");
  }

  /** For example {@code 2 processes x 4 devices (0-3|4-7), split Layers}. */
  static String mapping(ModelStatus model) {
    return mapping(
        model.processesIfSet().orElse(1),
        model.devicesPerProcessIfSet().orElse(0),
        model.strategyIfSet().orElse("None"));
  }

  private static String mapping(int processes, int each, String strategy) {
    String count = processes == 1 ? "1 process" : processes + " processes";
    if (each == 0) {
      return count + " on CPU";
    }
    List<String> slices = new ArrayList<>();
    for (int rank = 0; rank < processes && rank < 8; rank++) {
      int first = rank * each;
      slices.add(each == 1 ? "" + first : first + "-" + (first + each - 1));
    }
    if (processes > slices.size()) {
      slices.add("...");
    }
    return count
        + " x "
        + (each == 1 ? "1 device" : each + " devices")
        + " ("
        + String.join("|", slices)
        + "), split "
        + strategy;
  }
}

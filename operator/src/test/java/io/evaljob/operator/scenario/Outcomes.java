package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.PlanRecord;
import io.evaljob.api.v1alpha1.ResultRow;
import java.util.List;

/**
 * How a run of two data sets with two devices must look at its end, whoever played or ran its
 * children.
 */
final class Outcomes {

  private Outcomes() {}

  /** Model {@code base} went through all stages at the first attempt. */
  static void assertWholeRun(EvalJob job, List<String> children) {
    EvalJobStatus status = job.getStatus();
    assertThat(status.results())
        .extracting(ResultRow::model, ResultRow::dataset, ResultRow::phase, ResultRow::score)
        .containsExactly(
            tuple("base", "one", "Succeeded", "0.5"), tuple("base", "two", "Succeeded", "0.75"));
    assertThat(status.resultsTotal()).isEqualTo(2);
    assertThat(status.summary().models()).isEqualTo("1/1");
    assertThat(status.summary().devices()).isEqualTo("0/2");
    assertThat(status.summary().progress()).isEqualTo("100%");
    assertThat(status.summary().score()).isEqualTo("0.625");
    assertThat(status.run().number()).isEqualTo(1);
    assertThat(status.completionTime()).isNotNull();
    assertThat(status.waitingIfSet()).isEmpty();
    assertThat(ScenarioBase.conditions(status))
        .containsEntry("Accepted", "True/Planned")
        .containsEntry("Finished", "True/Succeeded")
        .containsEntry("Ready", "True/Succeeded")
        .containsEntry("Reconciling", "False/Succeeded")
        .containsEntry("Stalled", "False/Succeeded");
    assertThat(children).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
  }

  /** Events of a run that went through all stages, in their order. */
  static void assertEventsOfWholeRun(List<String> reasons) {
    assertThat(reasons)
        .containsExactly(
            "Planned",
            "PrefetchStarted",
            "InferStarted",
            "ScoreStarted",
            "ModelFinished",
            "Succeeded");
  }

  /** Model {@code good} succeeded, and {@code bad} failed as often as it may. */
  static void assertOneModelFailed(EvalJob job) {
    assertThat(job.getStatus().models())
        .extracting(
            ModelStatus::name, ModelStatus::phase, ModelStatus::attempt, ModelStatus::retries)
        .containsExactly(tuple("good", "Succeeded", 1, 0), tuple("bad", "Failed", 4, 3));
    assertThat(job.getStatus().results())
        .extracting(ResultRow::model, ResultRow::dataset, ResultRow::phase)
        .containsExactly(
            tuple("good", "one", "Succeeded"),
            tuple("good", "two", "Succeeded"),
            tuple("bad", "one", "Failed"),
            tuple("bad", "two", "Failed"));
    assertThat(job.getStatus().results().get(2).message()).contains("the harness gave up");
    assertThat(ScenarioBase.conditions(job.getStatus()))
        .containsEntry("Finished", "True/PartiallyFailed")
        .containsEntry("Ready", "False/PartiallyFailed")
        .containsEntry("Reconciling", "False/PartiallyFailed")
        .containsEntry("Stalled", "True/PartiallyFailed");
  }

  /** Data set {@code two} failed at both attempts that it is worth, and {@code one} is scored. */
  static void assertOneDatasetFailed(EvalJob job, List<String> children, String model) {
    assertThat(children)
        .contains(model + "/infer/2", model + "/score/1")
        .doesNotContain(model + "/infer/3");
    assertThat(job.getStatus().results())
        .extracting(ResultRow::dataset, ResultRow::phase)
        .containsExactly(tuple("one", "Succeeded"), tuple("two", "Failed"));
    assertThat(job.getStatus().summary().score()).isNull();
  }

  /** The first Infer attempt failed for this cause, and the second one succeeded. */
  static void assertSecondAttemptSucceeded(
      EvalJob job, List<String> children, String model, String cause) {
    assertThat(children).contains(model + "/infer/2").doesNotContain(model + "/infer/3");
    assertThat(job.getStatus().models().get(0).lastFailure().cause()).isEqualTo(cause);
    assertThat(job.getStatus().resultsTotal()).isEqualTo(2);
  }

  /** Both Infer attempts that the device's memory is worth ended without. */
  static void assertOutOfDeviceMemory(EvalJob job, List<String> children, String model) {
    assertThat(children)
        .containsExactly(model + "/infer/1", model + "/infer/2", model + "/prefetch/1");
    assertThat(job.getStatus().models().get(0).lastFailure().cause()).isEqualTo("OutOfMemory");
    assertThat(job.getStatus().models().get(0).resultsName()).isNotBlank();
    assertThat(ScenarioBase.conditions(job.getStatus())).containsEntry("Stalled", "True/Failed");
  }

  /** The first plan ran out of memory, and the attempt with twice the devices succeeded. */
  static void assertLargerPlan(EvalJob job, List<String> children, String model) {
    assertThat(children)
        .containsExactly(
            model + "/infer/1", model + "/infer/2", model + "/prefetch/1", model + "/score/1");
    ModelStatus status = job.getStatus().models().get(0);
    assertThat(status.devicesPerProcess()).isEqualTo(2);
    assertThat(status.retries()).isZero();
    assertThat(status.planHistory())
        .extracting(PlanRecord::attempt, PlanRecord::devicesPerProcess, PlanRecord::reason)
        .containsExactly(tuple(1, 1, "Planned"), tuple(2, 2, "OutOfMemory"));
    assertThat(status.planHistory().get(1).message()).contains("device 0 is full");
  }
}

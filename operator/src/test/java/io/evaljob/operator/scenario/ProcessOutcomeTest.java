package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.LastFailure;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Outcomes on this machine, with real processes for the children; all jobs run at once. */
class ProcessOutcomeTest extends ProcessScenarios {

  @BeforeAll
  void runAll() {
    startOperator();
    apply(job("whole", "base"));
    apply(job("two", "good", "bad"));
    for (String model : List.of("part", "crash", "oom", "hungry", "liar")) {
      apply(job("one-" + model, model));
    }
  }

  private static LastFailure lastFailure(EvalJob job) {
    return job.getStatus().models().get(0).lastFailure();
  }

  @Test
  void aRunGoesThroughAllStagesToScores() {
    EvalJob job = awaitPhase("whole", "Succeeded");
    Outcomes.assertWholeRun(job, jobsOf(job));
    await().untilAsserted(() -> Outcomes.assertEventsOfWholeRun(eventReasons("whole")));
    assertThat(job.getStatus().models().get(0).nodeName()).isEqualTo("this-machine");
    List<String> answers = answersOf("base");
    assertThat(answers).hasSize(12).doesNotHaveDuplicates();
    List<String> devices =
        answers.stream()
            .map(line -> line.split(" ", -1))
            .map(part -> part[1] + ":" + part[3])
            .distinct()
            .toList();
    // Each rank has a device of its own for both data sets.
    assertThat(devices).hasSize(2);
    assertThat(devices.stream().map(pair -> pair.split(":", -1)[1])).doesNotHaveDuplicates();
  }

  @Test
  void oneModelFailsAndTheOtherKeepsItsScores() {
    Outcomes.assertOneModelFailed(awaitPhase("two", "PartiallyFailed"));
  }

  @Test
  void someDatasetsFailAndTheOthersAreScored() {
    EvalJob job = awaitPhase("one-part", "PartiallyFailed");
    Outcomes.assertOneDatasetFailed(job, jobsOf(job), "part");
    assertThat(answersOf("part")).as("answered once, in the first attempt").hasSize(6);
  }

  @Test
  void aRankCrashesAndTheNextAttemptSucceeds() {
    EvalJob job = awaitPhase("one-crash", "Succeeded");
    Outcomes.assertSecondAttemptSucceeded(job, jobsOf(job), "crash", "RankFailed");
    assertThat(lastFailure(job).message()).contains("rank 1 was ended by SIGKILL");
    // Rank 0 may have been ended between an answer and its line in the journal.
    assertAllAnswered("crash", 12, 1);
  }

  @Test
  void outOfDeviceMemoryIsTriedOnceMoreAndNotThreeTimes() {
    EvalJob job = awaitPhase("one-oom", "Failed");
    Outcomes.assertOutOfDeviceMemory(job, jobsOf(job), "oom");
  }

  @Test
  void outOfHostMemoryIsToldApart() {
    EvalJob job = awaitPhase("one-hungry", "Failed");
    assertThat(lastFailure(job).cause()).isEqualTo("HostOutOfMemory");
    assertThat(lastFailure(job).message()).contains("MemoryError");
  }

  @Test
  void anExitCodeOfZeroDoesNotMakeASuccess() {
    EvalJob job = awaitPhase("one-liar", "Succeeded");
    Outcomes.assertSecondAttemptSucceeded(job, jobsOf(job), "liar", "ResultsInvalid");
    assertThat(lastFailure(job).message()).contains("exited with 0 and wrote no results.json");
  }
}

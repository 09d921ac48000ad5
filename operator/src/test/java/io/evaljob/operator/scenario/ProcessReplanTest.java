package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A larger plan has other ranks, and they go on where those of the smaller one stopped. */
class ProcessReplanTest extends ProcessScenarios {

  @Test
  void whatIsAnsweredIsNotAnsweredAgainByOtherRanks() {
    startOperator();
    apply(Samples.profile(namespace(), "grow", 1, 2));
    apply(Samples.replanned(job("larger", "grow")));

    EvalJob job = awaitPhase("larger", "Succeeded");

    assertThat(jobsOf(job))
        .containsExactly("grow/infer/1", "grow/infer/2", "grow/prefetch/1", "grow/score/1");
    assertThat(job.getStatus().models().get(0).processes()).isEqualTo(1);
    assertThat(job.getStatus().models().get(0).devicesPerProcess()).isEqualTo(2);
    List<List<String>> answers =
        answersOf("grow").stream().map(line -> List.of(line.split(" ", -1))).toList();
    assertThat(answers).hasSize(12);
    assertThat(answers).extracting(line -> line.get(0) + line.get(2)).doesNotHaveDuplicates();
    assertThat(answers)
        .as("one rank with two devices comes after two with one")
        .extracting(line -> line.get(3).split(",", -1).length)
        .contains(1)
        .endsWith(2);
  }
}

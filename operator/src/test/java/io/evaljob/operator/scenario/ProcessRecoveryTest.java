package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Operator and machine go away in the middle, and what comes after them goes on. */
class ProcessRecoveryTest extends ProcessScenarios {

  @Test
  void aRestartOfEverythingDoesNoWorkTwice() {
    RequestTap tap = startOperator();
    apply(job("restarted", "long"));
    await().until(() -> answersOf("long").size() == 8);
    tap.cut();
    restart();

    startOperator();
    openGate();
    EvalJob job = awaitPhase("restarted", "Succeeded");

    assertThat(jobsOf(job))
        .containsExactly("long/infer/1", "long/infer/2", "long/prefetch/1", "long/score/1");
    assertThat(job.getStatus().models().get(0).retries()).as("not the model's fault").isZero();
    // Both ranks may have been ended between an answer and its line in the journal.
    assertAllAnswered("long", 12, 2);
  }

  @Test
  void operatorsThatDieAfterAFewWritesGetThereTogether() {
    apply(job("piecewise", "base"));
    // A new operator first makes again what is there, so each may do one write more than the last.
    for (int allowed = 1; !finishedNow("piecewise"); allowed++) {
      RequestTap tap = startOperator(RequestTap.cuttingAfter(allowed));
      await()
          .pollInterval(Duration.ofMillis(20))
          .until(() -> tap.cutOff().getCount() == 0 || finishedNow("piecewise"));
      stopOperator();
    }
    EvalJob job = read("piecewise");
    assertThat(job.getStatus().phase()).isEqualTo("Succeeded");
    Outcomes.assertWholeRun(job, jobsOf(job));
    assertThat(answersOf("base")).hasSize(12).doesNotHaveDuplicates();
  }

  private boolean finishedNow(String name) {
    EvalJob job = read(name);
    return job.getStatus() != null && finished(job.getStatus());
  }
}

package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.plan.Refusal;
import org.junit.jupiter.api.Test;

class ImmutabilityTest {
  private static final String JOB =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata: {name: job, namespace: vlm}
      spec:
        runtimeRef: {name: runtime}
        models: [{name: base}]
        datasets: [{name: A}]
      """;

  private static final String STARTED = JOB + "status: {run: {id: '1', number: 1}}\n";

  private static EvalJob job(String manifest) {
    return Manifests.of(manifest).job();
  }

  @Test
  void whatDefinesARunIsFixedOnceItStarted() {
    EvalJob edited =
        job(
            STARTED
                .replace("[{name: A}]", "[{name: B}]")
                .replace("  datasets", "  env: [{name: X}]\n  datasets"));
    assertThat(Immutability.check(job(STARTED), edited))
        .extracting(Refusal::field)
        .containsExactly("spec.datasets", "spec.env");
    assertThat(Immutability.check(job(STARTED), edited).get(0).message())
        .isEqualTo(
            "spec.datasets cannot change because run 1 has started; change spec.runID too to start"
                + " a new run with it, or take the change back");
  }

  @Test
  void aNewRunMayChangeEverything() {
    EvalJob edited =
        job(STARTED.replace("[{name: A}]", "[{name: B}]").replace("spec:", "spec:\n  runID: '2'"));
    assertThat(Immutability.check(job(STARTED), edited)).isEmpty();
  }

  @Test
  void beforeTheRunEverythingMayChange() {
    assertThat(Immutability.check(job(JOB), job(JOB.replace("[{name: A}]", "[{name: B}]"))))
        .isEmpty();
  }

  @Test
  void operationalFieldsMayChangeAtAnyTime() {
    EvalJob edited =
        job(STARTED.replace("  datasets", "  retryLimit: 9\n  resources: {}\n  datasets"));
    assertThat(Immutability.check(job(STARTED), edited)).isEmpty();
  }

  @Test
  void theDefaultRunIdIsOne() {
    assertThat(
            Immutability.check(
                job(STARTED),
                job(
                    STARTED
                        .replace("spec:", "spec:\n  runID: '1'")
                        .replace("[{name: A}]", "[{name: B}]"))))
        .hasSize(1);
  }
}

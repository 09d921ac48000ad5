package io.evaljob.operator.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import org.junit.jupiter.api.Test;

class PlanConfigMapTest {
  private static final EvalJob JOB = job("ours");
  private static final ConfigMap PLAN =
      new ConfigMapBuilder()
          .withMetadata(ChildMetadata.of(JOB, "plan", Labels.of(JOB)))
          .addToData("plan.json", "{\"name\":\"\u00e9\"}")
          .addToData("ca.crt", "PEM\n")
          .withImmutable(true)
          .build();
  private static final String DIGEST = PlanConfigMap.digest(PLAN);

  private static EvalJob job(String uid) {
    EvalJob job = new EvalJob();
    job.getMetadata().setName("job");
    job.getMetadata().setNamespace("vlm");
    job.getMetadata().setUid(uid);
    return job;
  }

  private static boolean accepted(ConfigMap found) {
    return PlanConfigMap.isPlan(found, JOB, DIGEST);
  }

  /** The runner's test_plan.py has the same files and the same digest. */
  @Test
  void theDigestIsTheRunners() {
    assertThat(DIGEST)
        .isEqualTo("sha256:89ac42de55a8abaa4b674300b8d164384df1ee77add2cda80109dad6aa69b452");
  }

  @Test
  void thePlanThatWasMadeIsThePlan() {
    assertThat(accepted(PLAN)).isTrue();
  }

  @Test
  void whatHoldsSomethingElseIsNot() {
    assertThat(accepted(new ConfigMapBuilder(PLAN).addToData("plan.json", "{}").build())).isFalse();
    assertThat(accepted(new ConfigMapBuilder(PLAN).addToData("more", "").build())).isFalse();
    assertThat(accepted(new ConfigMapBuilder(PLAN).addToBinaryData("more", "AA==").build()))
        .isFalse();
    assertThat(accepted(new ConfigMapBuilder(PLAN).removeFromData("ca.crt").build())).isFalse();
    assertThat(accepted(new ConfigMapBuilder(PLAN).withData(null).build())).isFalse();
  }

  @Test
  void whatCanStillChangeIsNot() {
    assertThat(accepted(new ConfigMapBuilder(PLAN).withImmutable(null).build())).isFalse();
    assertThat(
            accepted(
                new ConfigMapBuilder(PLAN)
                    .editMetadata()
                    .withDeletionTimestamp("2026-11-23T15:00:00Z")
                    .endMetadata()
                    .build()))
        .isFalse();
  }

  @Test
  void anotherJobsIsNot() {
    assertThat(PlanConfigMap.isPlan(PLAN, job("made again under the same name"), DIGEST)).isFalse();
    assertThat(
            accepted(
                new ConfigMapBuilder(PLAN)
                    .editMetadata()
                    .withOwnerReferences()
                    .endMetadata()
                    .build()))
        .isFalse();
  }
}

package io.evaljob.operator.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.Stage;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NamesTest {
  private static final String UID = "7e6bc95c-bc5f-46ce-955a-4d7541980d41";

  /** What Kubernetes takes for a host name. */
  private static final String LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";

  @Provide
  Arbitrary<String> jobs() {
    return subdomains(52);
  }

  @Provide
  Arbitrary<String> models() {
    return subdomains(40).map(name -> name.replace('.', '-'));
  }

  private static Arbitrary<String> subdomains(int length) {
    return Arbitraries.strings()
        .withChars("abz09-.")
        .ofMinLength(1)
        .ofMaxLength(length)
        .filter(
            name ->
                name.matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"));
  }

  @Property
  void everyNameIsADnsLabel(
      @ForAll("jobs") String job,
      @ForAll("models") String model,
      @ForAll @IntRange(min = 1, max = 100000) int attempt) {
    assertThat(Names.stage(job, UID, 1, model, Stage.Prefetch, attempt)).matches(LABEL);
    assertThat(Names.plan(job, UID, 1, model, "{}")).matches(LABEL);
    assertThat(Names.results(job, UID, 1, model, "[]")).matches(LABEL);
    assertThat(Names.workspace(job, UID, model, false)).matches(LABEL);
  }

  @Test
  void whatWasCutOffIsInTheHash() {
    String job = "a-job-whose-name-is-longer-than-thirty-characters";
    assertThat(Names.workspace(job + "1", UID, "base", false))
        .as("the UID tells jobs apart, and a job has one")
        .isEqualTo(Names.workspace(job + "2", UID, "base", false));
    assertThat(Names.workspace(job, UID, "a-long-model-1", false))
        .isNotEqualTo(Names.workspace(job, UID, "a-long-model-2", false));
    assertThat(Names.workspace(job, UID, "base", false))
        .as("a claim that stays is another one")
        .isNotEqualTo(Names.workspace(job, UID, "base", true));
  }

  @Test
  void everyAttemptOfEveryStageAndRunHasANameOfItsOwn() {
    String first = Names.stage("job", UID, 1, "base", Stage.Infer, 1);
    assertThat(first).startsWith("job-base-infer-");
    assertThat(Names.stage("job", UID, 1, "base", Stage.Infer, 1)).isEqualTo(first);
    assertThat(Names.stage("job", UID, 1, "base", Stage.Infer, 2)).isNotEqualTo(first);
    assertThat(Names.stage("job", UID, 2, "base", Stage.Infer, 1)).isNotEqualTo(first);
    assertThat(Names.stage("job", UID.replace('7', '8'), 1, "base", Stage.Infer, 1))
        .isNotEqualTo(first);
  }
}

package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.operator.plan.Refusal;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuntimeValidatorTest {
  private static List<Refusal> validate(String spec) {
    return RuntimeValidator.validate(
        Manifests.of(
                """
                apiVersion: evaljob.io/v1alpha1
                kind: EvalRuntime
                metadata: {name: runtime}
                spec:
                """
                    + spec.indent(2))
            .runtime());
  }

  private static final String VALID =
      """
      harness: Command
      command: {args: [python3, /opt/eval.py]}
      image: registry.example/eval:1
      """;

  @Test
  void aRuntimeThatCanBeUsed() {
    assertThat(validate(VALID)).isEmpty();
    assertThat(
            validate(
                """
                harness: VLMEvalKit
                vlmevalkit: {dialect: AutoSplit}
                image: registry.example/eval:1
                pod: {env: [{name: NVIDIA_DRIVER_CAPABILITIES, value: all}, {name: PYTHONPATH, value: /opt}]}
                """))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "harness: Command ; image: i|spec.command",
        "harness: VLMEvalKit ; image: i|spec.vlmevalkit",
        "harness: Command ; command: {args: [a]} ; vlmevalkit: {dialect: AutoSplit} ; image: i|spec.vlmevalkit",
        "harness: Command ; command: {args: []} ; image: i|spec.command.args",
        "harness: VLMEvalKit ; vlmevalkit: {dialect: Later} ; image: i|spec.vlmevalkit.dialect",
        "harness: OpenCompass ; image: i|spec.harness",
        "harness: Command ; command: {args: [a]}|spec.image",
        "harness: Command ; command: {args: [a]} ; image: i ; cache: {hubPath: ../x}|spec.cache.hubPath",
        "harness: Command ; command: {args: [a]} ; image: i ; allow: {hubIDs: [\"a*b\"]}|spec.allow.hubIDs",
        "harness: Command ; command: {args: [a]} ; image: i ; resources: {score: {cpu: many}}|spec.resources.score.cpu"
      })
  void refuses(String spec, String field) {
    List<Refusal> refusals = validate(spec.replace(" ; ", "\n"));
    assertThat(refusals).extracting(Refusal::field).containsExactly(field);
    assertThat(refusals).allMatch(refusal -> !refusal.remedy().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "NVIDIA_VISIBLE_DEVICES",
        "CUDA_VISIBLE_DEVICES",
        "ROCR_VISIBLE_DEVICES",
        "HIP_VISIBLE_DEVICES",
        "ASCEND_VISIBLE_DEVICES",
        "WORLD_SIZE",
        "EVALJOB_PLAN"
      })
  void notEvenTheAdministratorSetsWhatThePlanDecides(String variable) {
    String spec = VALID + "pod: {env: [{name: " + variable + ", value: all}]}\n";
    assertThat(validate(spec))
        .extracting(Refusal::field)
        .containsExactly("spec.pod.env[" + variable + "]");
  }
}

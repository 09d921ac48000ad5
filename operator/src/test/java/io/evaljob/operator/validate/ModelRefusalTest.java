package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.RefusalReason;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that a profile says VLMEvalKit cannot evaluate. */
class ModelRefusalTest {
  private static final String JOB =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata: {name: job, namespace: vlm}
      spec:
        runtimeRef: {name: runtime}
        models: [%s]
        datasets: [{name: MMBench_DEV_EN}]
      """;

  private static final String RUNTIME =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: runtime}
      spec:
        %s
        image: registry.example/image@sha256:0
        allow: {namespaceSelector: {}, hubIDs: ["*"]}
      """;

  private static final String VLMEVALKIT =
      "{harness: VLMEvalKit, vlmevalkit: {dialect: StatusFile}}";

  private static List<Refusal> refusals(String harness, String model, String... more) {
    String fields = harness.substring(1, harness.length() - 1).replace(", vlme", "\n  vlme");
    String[] texts = new String[more.length + 2];
    texts[0] = JOB.formatted(model);
    texts[1] = RUNTIME.formatted(fields.replace(", command", "\n  command"));
    System.arraycopy(more, 0, texts, 2, more.length);
    Validation validation = Manifests.of(texts).validate();
    return validation instanceof Validation.Invalid invalid ? invalid.refusals() : List.of();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Kimi-K2-Thinking | moonshotai/Kimi-K2-Thinking | takes no images",
        "Spark-Formalizer-X1-7B | iflytek/Spark-Formalizer-X1-7B | takes no images",
        "GLM-ASR-Nano-2512 | zai-org/GLM-ASR-Nano-2512 | speech recogniser",
        "GLM-TTS | zai-org/GLM-TTS | makes speech of text",
        "GLM4_6V | zai-org/GLM-4.6V-FP8 | loads nothing for this one",
      })
  void isRefusedByEntryAndByRepositoryWithReasonAndRemedy(String entry, String hub, String reason) {
    List<Refusal> byEntry = refusals(VLMEVALKIT, "{name: base, catalogEntry: %s}".formatted(entry));
    List<Refusal> byHub =
        refusals(VLMEVALKIT, "{name: base, catalogEntry: SmolVLM, hub: {id: %s}}".formatted(hub));

    assertThat(byEntry)
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.ModelNotSupported);
    assertThat(byEntry.get(0).message())
        .startsWith("spec.models[base].catalogEntry: " + entry + " ")
        .contains(reason, "; ", "harness Command");
    assertThat(byHub).hasSize(1);
    assertThat(byHub.get(0).message())
        .startsWith("spec.models[base].hub.id: " + hub + " ")
        .contains(reason);
  }

  @Test
  void theFieldThatNamesTheModelIsNamed() {
    assertThat(refusals(VLMEVALKIT, "{name: base, profileName: glm-tts}"))
        .extracting(Refusal::field, Refusal::value)
        .containsExactly(tuple("spec.models[base].profileName", "glm-tts"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"GLM4_5V", "GLM4_1VThinking-9b"})
  void othersAreNot(String entry) {
    assertThat(refusals(VLMEVALKIT, "{name: base, catalogEntry: %s}".formatted(entry))).isEmpty();
  }

  @Test
  void aProgramOfOnesOwnMayEvaluateThem() {
    assertThat(
            refusals(
                "{harness: Command, command: {args: [python3, /opt/eval.py]}}",
                "{name: base, catalogEntry: GLM-TTS, hub: {id: zai-org/GLM-TTS}}"))
        .isEmpty();
  }

  /** Who made VLMEvalKit load it says so with a profile in the namespace. */
  @Test
  void aProfileInTheNamespaceDecides() {
    String own =
        """
        apiVersion: evaljob.io/v1alpha1
        kind: ModelProfile
        metadata: {name: mine, namespace: vlm}
        spec: {catalogEntries: [GLM4_6V]}
        """;

    assertThat(
            refusals(
                VLMEVALKIT,
                "{name: base, catalogEntry: GLM4_6V, hub: {id: zai-org/GLM-4.6V}}",
                own))
        .isEmpty();
  }
}

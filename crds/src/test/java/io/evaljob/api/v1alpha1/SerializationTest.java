package io.evaljob.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read from a manifest is written again, by the client's serialization. */
class SerializationTest {
  private static final KubernetesSerialization CLIENT = new KubernetesSerialization();
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @ValueSource(
      strings = {"evaljob", "evalquota", "evalruntime", "evalruntime-command", "modelprofile"})
  void samplesSurviveARoundTrip(String name) throws IOException {
    JsonNode sample = sample(name);
    HasMetadata object = CLIENT.unmarshal(sample.toString());
    assertThat(object)
        .isInstanceOfAny(EvalJob.class, EvalQuota.class, EvalRuntime.class, ModelProfile.class);
    assertThat(JSON.readTree(CLIENT.asJson(object))).isEqualTo(sample);
  }

  @Test
  void everyFieldOfTheSampleIsRead() throws IOException {
    EvalJobSpec spec = read(sample("evaljob"), EvalJob.class).getSpec();
    assertThat(spec.models()).map(ModelSpec::name).containsExactly("base", "sft", "cpu");
    assertThat(spec.models().get(1).deviceMap())
        .containsExactly(
            Map.entry("vision_model", 0), Map.entry("mlp1", 0), Map.entry("language_model", 1));
    assertThat(spec.models().get(2).devicesPerProcessIfSet()).hasValue(0);
    assertThat(spec.acceleratorOrDefault().minMemoryIfSet()).hasValue(new Quantity("79Gi"));
    assertThat(spec.scoringModeOrDefault()).isEqualTo(ScoringMode.Judge);
    assertThat(spec.judgeIfSet().map(JudgeSpec::model)).hasValue("gpt-4o-mini");
  }

  @Test
  void whatIsLeftOutHasItsDefault() {
    EvalJobSpec spec = parse("{runtimeRef: {name: r}, models: [{name: m}]}", EvalJobSpec.class);
    assertThat(spec.runIDOrDefault()).isEqualTo("1");
    assertThat(spec.retryLimitOrDefault()).isEqualTo(3);
    assertThat(spec.maxConcurrentModelsIfSet()).isEmpty();
    assertThat(spec.splitOrDefault().contextTokensOrDefault()).isEqualTo(32768);
    assertThat(spec.acceleratorOrDefault().resourceNameOrDefault()).isEqualTo("nvidia.com/gpu");
    assertThat(spec.scoringModeOrDefault()).isEqualTo(ScoringMode.DatasetDefault);
    assertThat(spec.models().get(0).catalogEntryOrName()).isEqualTo("m");
    assertThat(spec.models().get(0).deviceMap()).isEmpty();
    assertThat(spec.datasets()).isEmpty();
    assertThat(ClaimTemplate.defaults().sizeOrDefault()).isEqualTo(new Quantity("20Gi"));
  }

  @Test
  void fieldsOfANewerVersionAreIgnored() throws IOException {
    ObjectNode sample = sample("evaljob");
    sample.put("later", true);
    ((ObjectNode) sample.get("spec")).put("later", true);
    ((ObjectNode) sample.at("/spec/models/0")).put("later", true);
    ((ObjectNode) sample.at("/status/models/0")).put("later", true);
    assertThat(read(sample, EvalJob.class).getSpec().models()).hasSize(3);
  }

  @Test
  void valuesOfANewerVersionAreUnknown() {
    assertThat(parse("{strategy: Pipeline}", SplitSpec.class).strategyOrDefault())
        .isEqualTo(SplitStrategy.Unknown);
    assertThat(parse("{dialect: Future, loader: None}", LoaderProfile.class))
        .isEqualTo(new LoaderProfile(Dialect.Unknown, Loader.Unknown, null));
    assertThat(Phase.of("Hibernating")).isEqualTo(Phase.Unknown);
    assertThat(Reason.of("Planned")).isEqualTo(Reason.Planned);
  }

  @Test
  void anEmptySelectorIsNotAMissingOne() {
    AllowSpec none = parse("{secretNames: [a]}", AllowSpec.class);
    AllowSpec all = parse("{namespaceSelector: {}}", AllowSpec.class);
    assertThat(none.namespaceSelectorIfSet()).isEmpty();
    assertThat(all.namespaceSelectorIfSet()).isPresent();
    assertThat(CLIENT.asJson(all)).isEqualTo("{\"namespaceSelector\":{}}");
  }

  @Test
  void devicesOfAQuotaMayBeWrittenWithoutQuotes() {
    EvalQuotaSpec spec =
        parse("{namespaceSelector: {}, hard: {nvidia.com/gpu: 16}}", EvalQuotaSpec.class);
    assertThat(spec.hard()).containsExactly(Map.entry("nvidia.com/gpu", new Quantity("16")));
    assertThat(spec.hardPerNamespace()).isEmpty();
    assertThat(spec.maxQueueHeadWaitSecondsOrDefault()).isEqualTo(600);
    assertThat(CLIENT.asJson(spec)).contains("\"namespaceSelector\":{}");
  }

  @Test
  void selectorsFollowKubernetes() {
    NamespaceSelector selector =
        new NamespaceSelector(
            Map.of("team", "vlm"),
            List.of(
                new NamespaceExpression("tier", SelectorOperator.In, List.of("a", "b")),
                new NamespaceExpression("old", SelectorOperator.DoesNotExist, null)));
    assertThat(selector.selects(Map.of("team", "vlm", "tier", "b"))).isTrue();
    assertThat(selector.selects(Map.of("team", "vlm", "tier", "c"))).isFalse();
    assertThat(selector.selects(Map.of("team", "vlm", "tier", "b", "old", ""))).isFalse();
    assertThat(selector.selects(Map.of("tier", "b"))).isFalse();
    assertThat(new NamespaceSelector(null, null).selects(Map.of())).isTrue();
    NamespaceExpression notIn =
        new NamespaceExpression("tier", SelectorOperator.NotIn, List.of("a"));
    assertThat(notIn.matches(Map.of())).isTrue();
    assertThat(notIn.matches(Map.of("tier", "a"))).isFalse();
    assertThat(
            new NamespaceExpression("tier", SelectorOperator.Exists, null)
                .matches(Map.of("tier", "")))
        .isTrue();
    assertThat(
            new NamespaceExpression("tier", SelectorOperator.Unknown, null)
                .matches(Map.of("tier", "")))
        .isFalse();
  }

  private static <T> T parse(String yaml, Class<T> type) {
    try {
      return read(YAML.readTree(yaml), type);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static <T> T read(JsonNode node, Class<T> type) {
    return CLIENT.unmarshal(node.toString(), type);
  }

  private static ObjectNode sample(String name) throws IOException {
    try (InputStream in =
        SerializationTest.class.getResourceAsStream("/samples/" + name + ".yaml")) {
      // Through text once more, so that whole numbers have the width a JSON reader gives them.
      return (ObjectNode) JSON.readTree(YAML.readTree(in).toString());
    }
  }
}

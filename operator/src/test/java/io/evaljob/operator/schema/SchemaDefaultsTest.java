package io.evaljob.operator.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import org.junit.jupiter.api.Test;

class SchemaDefaultsTest {
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  @Test
  void fillsInWhatIsLeftOut() {
    JsonNode job =
        SchemaDefaults.apply(
            object(
                """
                kind: EvalJob
                spec:
                  split: {contextTokens: 100}
                  storage:
                    workspace: {claimTemplate: {}}
                  models:
                  - name: a
                """));
    assertThat(job.at("/spec/runID").asText()).isEqualTo("1");
    assertThat(job.at("/spec/retryLimit").asInt()).isEqualTo(3);
    assertThat(job.at("/spec/split/strategy").asText()).isEqualTo("Auto");
    assertThat(job.at("/spec/split/contextTokens").asInt()).isEqualTo(100);
    assertThat(job.at("/spec/storage/workspace/claimTemplate/size").asText()).isEqualTo("20Gi");
    assertThat(job.at("/status/observedGeneration").asInt()).isEqualTo(-1);
    // A default applies only inside an object that is there, and never inside a list.
    assertThat(job.at("/spec/smokeTest").isMissingNode()).isTrue();
    assertThat(job.at("/spec/models/0")).hasSize(1);
  }

  @Test
  void nullCountsAsLeftOut() {
    JsonNode job = SchemaDefaults.apply(object("kind: EvalJob\nspec: {retryLimit: null}\n"));
    assertThat(job.at("/spec/retryLimit").asInt()).isEqualTo(3);
  }

  @Test
  void aSecondTimeChangesNothing() {
    ObjectNode once = SchemaDefaults.apply(object("kind: EvalRuntime\nspec: {pod: {}}\n"));
    assertThat(once.at("/spec/pod/terminationGracePeriodSeconds").asInt()).isEqualTo(120);
    assertThat(SchemaDefaults.apply(once.deepCopy())).isEqualTo(once);
  }

  @Test
  void objectsDoNotShareADefault() {
    ObjectNode one = SchemaDefaults.apply(object("kind: EvalJob\n"));
    ((ObjectNode) one.get("status")).put("phase", "Running");
    assertThat(SchemaDefaults.apply(object("kind: EvalJob\n")).at("/status/phase").isMissingNode())
        .isTrue();
  }

  @Test
  void otherKindsStayAsTheyAre() {
    ObjectNode secret = object("kind: Secret\nspec: {}\n");
    assertThat(SchemaDefaults.apply(secret.deepCopy())).isEqualTo(secret);
    ObjectNode profile = object("kind: ModelProfile\nspec: {}\n");
    assertThat(SchemaDefaults.apply(profile.deepCopy())).isEqualTo(profile);
  }

  private static ObjectNode object(String yaml) {
    try {
      return (ObjectNode) YAML.readTree(yaml);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}

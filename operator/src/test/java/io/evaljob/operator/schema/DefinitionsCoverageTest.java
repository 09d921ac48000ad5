package io.evaljob.operator.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Whatever the schemas ask for, the check offline asks for too, and in words. */
class DefinitionsCoverageTest {
  @Test
  void everyRuleHasATwin() {
    TreeSet<String> without = new TreeSet<>();
    for (String kind : Definitions.kinds()) {
      Definitions.schema(kind)
          .orElseThrow()
          .findValues("rule")
          .forEach(
              rule -> {
                // A rule over two versions of an object has nothing to say about one.
                if (!rule.asText().contains("oldSelf") && Rules.twin(rule.asText()).isEmpty()) {
                  without.add(rule.asText());
                }
              });
    }
    assertThat(without).isEmpty();
  }

  @Test
  void everyPatternHasWords() {
    TreeSet<String> without = new TreeSet<>();
    for (String kind : Definitions.kinds()) {
      JsonNode spec = Definitions.schema(kind).orElseThrow().path("properties").path("spec");
      spec.findValues("pattern")
          .forEach(
              pattern -> {
                if (pattern.isTextual() && PatternWords.of(pattern.asText()).isEmpty()) {
                  without.add(pattern.asText());
                }
              });
    }
    assertThat(without).isEmpty();
  }

  @Test
  void kindsOfTheApi() {
    assertThat(Definitions.kinds())
        .containsExactly("EvalJob", "EvalQuota", "EvalRuntime", "ModelProfile");
    assertThat(Definitions.apiVersion()).isEqualTo("evaljob.io/v1alpha1");
  }
}

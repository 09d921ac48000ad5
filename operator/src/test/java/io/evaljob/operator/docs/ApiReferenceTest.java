package io.evaljob.operator.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ApiReferenceTest {

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  @Test
  void theCommittedReferenceIsTheOneTheDefinitionsGive() throws IOException {
    List<JsonNode> definitions = new ArrayList<>();
    for (String plural : List.of("evaljobs", "evalquotas", "evalruntimes", "modelprofiles")) {
      try (InputStream in =
          getClass().getResourceAsStream("/crds/" + plural + ".evaljob.io.yaml")) {
        assertThat(in).as(plural).isNotNull();
        definitions.add(YAML.readTree(in));
      }
    }

    GeneratedDocument.check("reference/api.md", ApiReference.of(definitions));
  }
}

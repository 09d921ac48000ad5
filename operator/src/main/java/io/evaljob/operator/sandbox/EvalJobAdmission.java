package io.evaljob.operator.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.sandbox.apiserver.Admission;
import io.evaljob.operator.schema.SchemaCheck;
import io.evaljob.operator.schema.SchemaDefaults;
import io.evaljob.operator.schema.SchemaProblem;
import io.evaljob.operator.validate.Immutability;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What the custom resource definitions make a cluster's API server do: defaults, schema, rules. */
final class EvalJobAdmission implements Admission {

  private static final KubernetesSerialization KUBERNETES = new KubernetesSerialization();
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The definitions in the jar. */
  static List<CustomResourceDefinition> definitions() {
    return Stream.of("evaljobs", "evalquotas", "evalruntimes", "modelprofiles")
        .map(EvalJobAdmission::definition)
        .toList();
  }

  private static CustomResourceDefinition definition(String plural) {
    String name = "/crds/" + plural + ".evaljob.io.yaml";
    try (InputStream in = EvalJobAdmission.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is not in the jar: build module crds again");
      }
      return KUBERNETES.unmarshal(in, CustomResourceDefinition.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void applyDefaults(ObjectNode object) {
    object.setAll(SchemaDefaults.apply(object));
  }

  @Override
  public List<String> problems(ObjectNode next, Optional<JsonNode> before) {
    Stream<String> schema = SchemaCheck.check(next).stream().map(SchemaProblem::withoutPlace);
    Stream<String> transition =
        before.isPresent() && next.path("kind").asText().equals("EvalJob")
            ? Immutability.check(evalJob(before.get()), evalJob(next)).stream()
                .map(Refusal::message)
            : Stream.empty();
    return Stream.concat(schema, transition).toList();
  }

  private static EvalJob evalJob(JsonNode object) {
    try {
      return KUBERNETES.unmarshal(JSON.writeValueAsString(object), EvalJob.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored object cannot be written as JSON", e);
    }
  }
}

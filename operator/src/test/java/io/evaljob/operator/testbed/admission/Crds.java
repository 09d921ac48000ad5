package io.evaljob.operator.testbed.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.evaljob.operator.testbed.Checkout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The custom resource definitions as they are committed. */
final class Crds {

  static final List<String> FILES =
      List.of("evaljobs", "evalquotas", "evalruntimes", "modelprofiles");

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private Crds() {}

  static Path file(String plural) {
    return Checkout.root().resolve("crds").resolve(plural + ".evaljob.io.yaml");
  }

  /** One definition as it is applied. */
  static JsonNode definition(String plural) {
    try {
      return YAML.readTree(file(plural).toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode schema(String plural) {
    return definition(plural).at("/spec/versions/0/schema/openAPIV3Schema");
  }

  /** The message of every CEL rule. */
  static List<String> messages(String plural) {
    List<String> messages = new ArrayList<>();
    schema(plural)
        .findValues("x-kubernetes-validations")
        .forEach(rules -> rules.forEach(rule -> messages.add(rule.path("message").asText())));
    return messages;
  }
}

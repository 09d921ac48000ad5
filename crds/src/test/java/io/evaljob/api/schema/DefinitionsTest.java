package io.evaljob.api.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Holds the committed definitions to the API types.
 *
 * <p>After a change of the types, {@code mvn -pl crds test -Dcrds.update=true} writes {@code
 * crds/*.evaljob.io.yaml} again; commit them with the change. The other tests hold every definition
 * to the rules of the API: a description for every field, a bound for every string, list and map, a
 * list type for every list, no default inside an entry of a list.
 */
class DefinitionsTest {
  private static final Path FOLDER = Path.of(System.getProperty("basedir", "."));
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private static Map<String, String> generated;

  @BeforeAll
  static void generate() throws IOException {
    generated = DefinitionGenerator.generate();
    if (Boolean.getBoolean("crds.update")) {
      for (Map.Entry<String, String> file : generated.entrySet()) {
        Files.writeString(FOLDER.resolve(file.getKey()), file.getValue());
      }
    }
  }

  @Test
  void committedFilesAreCurrent() throws IOException {
    assertThat(generated)
        .containsOnlyKeys(
            "evaljobs.evaljob.io.yaml",
            "evalquotas.evaljob.io.yaml",
            "evalruntimes.evaljob.io.yaml",
            "modelprofiles.evaljob.io.yaml");
    for (Map.Entry<String, String> file : generated.entrySet()) {
      assertThat(FOLDER.resolve(file.getKey()))
          .as("run: mvn -pl crds test -Dcrds.update=true, and commit the files")
          .hasContent(file.getValue());
    }
  }

  @Test
  void kustomizationNamesEveryDefinition() throws IOException {
    JsonNode kustomization = YAML.readTree(FOLDER.resolve("kustomization.yaml").toFile());
    assertThat(kustomization.get("resources"))
        .map(JsonNode::asText)
        .containsExactlyElementsOf(generated.keySet());
  }

  @Test
  void everyFileCanBeApplied() {
    // kubectl apply keeps a copy in an annotation, and refuses more than 262,144 bytes.
    assertThat(generated.values())
        .allSatisfy(
            text -> assertThat(text.getBytes(StandardCharsets.UTF_8).length).isLessThan(200_000));
  }

  @Test
  void everyFieldIsDescribed() {
    assertThat(
            failures(
                (path, schema) -> {
                  if (path.endsWith(".metadata") || !isField(path)) {
                    return true;
                  }
                  String description = schema.path("description").asText();
                  return description.length() > 8 && description.endsWith(".");
                }))
        .isEmpty();
  }

  @Test
  void everyStringListAndMapIsBounded() {
    assertThat(
            failures(
                (path, schema) ->
                    switch (schema.path("type").asText()) {
                      case "string" ->
                          schema.has("maxLength")
                              || schema.has("enum")
                              || path.matches("[A-Za-z]+\\.(apiVersion|kind)");
                      case "array" -> schema.has("maxItems");
                      case "object" ->
                          !schema.has("additionalProperties") || schema.has("maxProperties");
                      case "integer" -> schema.has("minimum") && schema.has("format");
                      case "boolean" -> true;
                      default -> schema.path("x-kubernetes-int-or-string").asBoolean();
                    }))
        .isEmpty();
  }

  @Test
  void everyListSaysHowItIsMerged() {
    assertThat(
            failures(
                (path, schema) -> {
                  if (!schema.path("type").asText().equals("array")) {
                    return true;
                  }
                  JsonNode items = schema.get("items");
                  return switch (schema.path("x-kubernetes-list-type").asText()) {
                    case "map" -> {
                      String key = schema.at("/x-kubernetes-list-map-keys/0").asText();
                      yield contains(items.get("required"), key)
                          && items.get("properties").has(key);
                    }
                    case "set" -> !items.path("type").asText().equals("object");
                    case "atomic" -> true;
                    default -> false;
                  };
                }))
        .isEmpty();
  }

  @Test
  void noDefaultInsideAnEntryOfAList() {
    assertThat(failures((path, schema) -> !path.contains("[]") || !schema.has("default")))
        .isEmpty();
  }

  @Test
  void nothingUnknownIsKept() {
    assertThat(
            failures(
                (path, schema) ->
                    !schema.has("x-kubernetes-preserve-unknown-fields")
                        && !contains(schema.get("enum"), "Unknown")
                        && (!schema.path("type").asText().equals("object")
                            || path.endsWith(".metadata")
                            || schema.has("properties")
                            || schema.has("additionalProperties"))))
        .isEmpty();
  }

  @Test
  void everyRuleSaysWhatToDo() {
    List<String> messages = new ArrayList<>();
    visitAll(
        (path, schema) ->
            schema
                .path("x-kubernetes-validations")
                .forEach(rule -> messages.add(rule.path("message").asText())));
    assertThat(messages)
        .hasSizeGreaterThan(10)
        .allSatisfy(message -> assertThat(message).contains(":").hasSizeGreaterThan(20));
  }

  @Test
  void aJobNotSeenYetIsInProgress() throws IOException {
    JsonNode status = schema("evaljobs").at("/properties/status");
    assertThat(status.at("/default/observedGeneration").asInt()).isEqualTo(-1);
  }

  @Test
  void columnsAndSelectors() throws IOException {
    JsonNode version =
        YAML.readTree(generated.get("evaljobs.evaljob.io.yaml")).at("/spec/versions/0");
    assertThat(version.get("additionalPrinterColumns"))
        .map(column -> column.path("name").asText() + column.path("priority").asText())
        .containsExactly(
            "Phase",
            "Models",
            "Devices",
            "Progress",
            "Waiting",
            "Age",
            "Score1",
            "Runtime1",
            "Queue1");
    assertThat(version.get("selectableFields"))
        .map(field -> field.path("jsonPath").asText())
        .containsExactly(".status.phase", ".spec.runtimeRef.name", ".spec.queueName");
    assertThat(version.at("/subresources/status").isObject()).isTrue();
  }

  @Test
  void scopesAndShortNames() throws IOException {
    Map<String, String> expected =
        Map.of(
            "evaljobs", "Namespaced ej",
            "evalruntimes", "Cluster er",
            "modelprofiles", "Namespaced mp");
    for (Map.Entry<String, String> kind : expected.entrySet()) {
      JsonNode spec = YAML.readTree(generated.get(kind.getKey() + ".evaljob.io.yaml")).get("spec");
      assertThat(spec.get("scope").asText() + " " + spec.at("/names/shortNames/0").asText())
          .isEqualTo(kind.getValue());
      assertThat(spec.at("/names/categories").isMissingNode()).isTrue();
    }
  }

  @Test
  void aRunCannotBeEditedUnderWay() throws IOException {
    String rule =
        YAML.readTree(generated.get("evaljobs.evaljob.io.yaml"))
            .at("/spec/versions/0/schema/openAPIV3Schema/x-kubernetes-validations/1/rule")
            .asText();
    assertThat(rule).contains("self.spec.runID != oldSelf.spec.runID");
    List<String> operational =
        List.of(
            "runID",
            "suspend",
            "priorityClassName",
            "retryLimit",
            "disruptionLimit",
            "startDeadlineSeconds",
            "podStartDeadlineSeconds",
            "activeDeadlineSeconds",
            "ttlSecondsAfterFinished",
            "maxConcurrentModels",
            "stallSeconds",
            "queueName",
            "resources",
            "placement");
    schema("evaljobs")
        .at("/properties/spec/properties")
        .fieldNames()
        .forEachRemaining(
            field -> {
              if (!operational.contains(field)) {
                assertThat(rule).contains("self.spec." + field + " == oldSelf.spec." + field);
              }
            });
  }

  private static boolean isField(String path) {
    return !path.endsWith("[]") && !path.endsWith("{}");
  }

  private static boolean contains(JsonNode array, String value) {
    if (array != null) {
      for (JsonNode item : array) {
        if (item.asText().equals(value)) {
          return true;
        }
      }
    }
    return false;
  }

  private static JsonNode schema(String plural) throws IOException {
    return YAML.readTree(generated.get(plural + ".evaljob.io.yaml"))
        .at("/spec/versions/0/schema/openAPIV3Schema");
  }

  /** A rule over one schema. */
  private interface Rule {
    boolean holds(String path, JsonNode schema);
  }

  private static List<String> failures(Rule rule) {
    List<String> paths = new ArrayList<>();
    visitAll(
        (path, schema) -> {
          if (!rule.holds(path, schema)) {
            paths.add(path);
          }
        });
    return paths;
  }

  private static void visitAll(BiConsumer<String, JsonNode> visitor) {
    for (String text : generated.values()) {
      try {
        JsonNode spec = YAML.readTree(text).get("spec");
        visit(
            spec.at("/names/kind").asText(),
            spec.at("/versions/0/schema/openAPIV3Schema"),
            visitor);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  private static void visit(String path, JsonNode schema, BiConsumer<String, JsonNode> visitor) {
    visitor.accept(path, schema);
    schema
        .path("properties")
        .properties()
        .forEach(field -> visit(path + "." + field.getKey(), field.getValue(), visitor));
    if (schema.has("items")) {
      visit(path + "[]", schema.get("items"), visitor);
    }
    if (schema.has("additionalProperties")) {
      visit(path + "{}", schema.get("additionalProperties"), visitor);
    }
  }
}

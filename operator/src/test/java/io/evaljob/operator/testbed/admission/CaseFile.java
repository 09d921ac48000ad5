package io.evaljob.operator.testbed.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * One object for the API server to judge.
 *
 * <p>A file {@code invalid-*.yaml} begins with two comments. {@code # expect: TEXT} is what the
 * refusal says; {@code # instead: PATCH} is the one thing that makes the object valid, a JSON merge
 * patch in YAML's flow style.
 *
 * @param file where it is
 * @param object the object
 * @param expect what the refusal says; empty for a valid one
 * @param instead the patch that makes it valid
 */
record CaseFile(Path file, ObjectNode object, String expect, JsonNode instead) {

  private static final Path FOLDER =
      io.evaljob.operator.testbed.Checkout.root().resolve("operator/src/test/resources/admission");

  boolean valid() {
    return name().startsWith("valid-");
  }

  String name() {
    return file.getFileName().toString();
  }

  /** The object with the one thing changed. */
  ObjectNode corrected() {
    return (ObjectNode) merge(object, instead);
  }

  /** All cases of a folder of the test resources {@code admission}. */
  static List<CaseFile> all(String folder) {
    try (Stream<Path> files = Files.list(FOLDER.resolve(folder))) {
      return files
          .filter(file -> file.getFileName().toString().matches("(in)?valid-.*\\.yaml"))
          .sorted()
          .map(CaseFile::read)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One file of the test resources {@code admission}. */
  static CaseFile of(String name) {
    return read(FOLDER.resolve(name));
  }

  private static CaseFile read(Path file) {
    try {
      String text = Files.readString(file);
      JsonNode object = yaml(text);
      String patch = comment(text, "instead");
      return new CaseFile(
          file,
          (ObjectNode) object,
          comment(text, "expect"),
          patch.isEmpty() ? Admitted.JSON.createObjectNode() : yaml(patch));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String comment(String text, String key) {
    String start = "# " + key + ": ";
    return text.lines()
        .filter(line -> line.startsWith(start))
        .map(line -> line.substring(start.length()))
        .findFirst()
        .orElse("");
  }

  private static JsonNode yaml(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setMaxAliasesForCollections(1000);
    Object tree = new Yaml(options).load(text);
    return Admitted.JSON.valueToTree(tree);
  }

  /** RFC 7386: null removes a field, a list is replaced. */
  static JsonNode merge(JsonNode target, JsonNode patch) {
    if (!(patch instanceof ObjectNode fields)) {
      return patch.deepCopy();
    }
    ObjectNode merged =
        target instanceof ObjectNode object ? object.deepCopy() : Admitted.JSON.createObjectNode();
    fields
        .properties()
        .forEach(
            field -> {
              if (field.getValue().isNull()) {
                merged.remove(field.getKey());
              } else {
                merged.set(field.getKey(), merge(merged.path(field.getKey()), field.getValue()));
              }
            });
    return merged;
  }
}

package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects the mistakes of one object, each with its field and its place in the file. */
final class Findings {
  private static final int MOST_SHOWN = 60;

  private final Manifest manifest;
  private final JsonNode schema;
  private final List<SchemaProblem> problems = new ArrayList<>();

  Findings(Manifest manifest, Optional<JsonNode> schema) {
    this.manifest = manifest;
    this.schema = schema.orElseGet(MissingNode::getInstance);
  }

  List<SchemaProblem> problems() {
    return List.copyOf(problems);
  }

  /**
   * Adds a mistake.
   *
   * @param pointer JSON pointer of the field
   * @param value value as shown, may be empty
   */
  void add(String pointer, String value, String reason, String remedy) {
    problems.add(
        new SchemaProblem(
            manifest.source(),
            manifest.position(pointer),
            FieldPath.of(schema, manifest.object(), pointer),
            value,
            reason,
            remedy));
  }

  /** A value as a message shows it: text in quotes and shortened, nothing for lists and objects. */
  static String show(JsonNode value) {
    if (value == null || value.isContainerNode() || value.isNull() || value.isMissingNode()) {
      return "";
    }
    if (!value.isTextual()) {
      return value.asText();
    }
    String text = value.asText().replaceAll("\\p{Cntrl}", " ");
    if (text.codePointCount(0, text.length()) > MOST_SHOWN) {
      text = text.substring(0, text.offsetByCodePoints(0, 50)) + "...";
    }
    return '"' + text + '"';
  }
}

package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Checks the values of one object against its schema, from the outside in. */
final class ValueCheck {
  private final JsonNode root;
  private final Findings findings;

  ValueCheck(JsonNode root, Findings findings) {
    this.root = root;
    this.findings = findings;
  }

  /** Checks the whole object but its metadata, and its status, which a server would drop. */
  void check(JsonNode object) {
    JsonNode pruned = SchemaDefaults.withoutNulls(root, object);
    fields(root, pruned, "");
    rules(root, pruned, "");
  }

  private void value(JsonNode schema, JsonNode value, String pointer) {
    if (value.isNull()) {
      findings.add(pointer, "", "has no value", "give it one, or leave it out");
      return;
    }
    boolean sound =
        switch (schema.path("type").asText()) {
          case "object" -> object(schema, value, pointer);
          case "array" -> array(schema, value, pointer);
          default -> new ScalarCheck(schema, findings).check(value, pointer);
        };
    if (sound) {
      rules(schema, value, pointer);
    }
  }

  private boolean object(JsonNode schema, JsonNode value, String pointer) {
    JsonNode additional = schema.path("additionalProperties");
    if (!value.isObject()) {
      List<String> known = FieldNames.of(schema);
      findings.add(
          pointer,
          Findings.show(value),
          value.isArray() ? "is a list, not a set of fields" : "is not a set of fields",
          additional.isObject()
              ? "write NAME: VALUE lines below it"
              : "write fields below it: " + String.join(", ", known));
      return false;
    }
    size(schema, value, pointer, "Properties", "entries");
    if (additional.isObject()) {
      value
          .properties()
          .forEach(
              entry ->
                  value(
                      additional,
                      entry.getValue(),
                      pointer + "/" + YamlTree.escape(entry.getKey())));
    } else {
      fields(schema, value, pointer);
    }
    return true;
  }

  private void fields(JsonNode schema, JsonNode value, String pointer) {
    JsonNode properties = schema.path("properties");
    value
        .properties()
        .forEach(
            field -> {
              String below = pointer + "/" + YamlTree.escape(field.getKey());
              if (!properties.has(field.getKey())) {
                findings.add(
                    below,
                    "",
                    "there is no such field",
                    FieldNames.remedy(field.getKey(), FieldNames.of(schema), root));
              } else if (!below.equals("/metadata") && !below.equals("/status")) {
                value(properties.get(field.getKey()), field.getValue(), below);
              }
            });
    for (JsonNode required : schema.path("required")) {
      if (!value.has(required.asText())) {
        String description = properties.path(required.asText()).path("description").asText();
        findings.add(
            pointer + "/" + required.asText(),
            "",
            "is missing",
            "add it: " + sentence(description));
      }
    }
  }

  /** A description as the end of another sentence. */
  private static String sentence(String description) {
    String text =
        description.endsWith(".")
            ? description.substring(0, description.length() - 1)
            : description;
    boolean word = text.length() > 1 && !Character.isUpperCase(text.charAt(1));
    return word ? text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1) : text;
  }

  private boolean array(JsonNode schema, JsonNode value, String pointer) {
    if (!value.isArray()) {
      findings.add(
          pointer,
          Findings.show(value),
          "is not a list",
          "write each entry on a line of its own that begins with '- '");
      return false;
    }
    size(schema, value, pointer, "Items", "entries");
    String key = schema.at("/x-kubernetes-list-map-keys/0").asText();
    boolean set = schema.path("x-kubernetes-list-type").asText().equals("set");
    Set<JsonNode> seen = new HashSet<>();
    for (int i = 0; i < value.size(); i++) {
      String below = pointer + "/" + i;
      value(schema.path("items"), value.get(i), below);
      JsonNode identity = set ? value.get(i) : value.get(i).path(key);
      if ((set || !key.isEmpty()) && identity.isValueNode() && !seen.add(identity)) {
        findings.add(
            set ? below : below + "/" + key,
            Findings.show(identity),
            "is there twice",
            set ? "remove one of the two" : "give every entry a " + key + " of its own");
      }
    }
    return true;
  }

  private void size(JsonNode schema, JsonNode value, String pointer, String what, String unit) {
    int least = schema.path("min" + what).asInt(0);
    int most = schema.path("max" + what).asInt(Integer.MAX_VALUE);
    if (value.size() < least) {
      findings.add(pointer, "", "has " + value.size() + " " + unit, "write at least " + least);
    } else if (value.size() > most) {
      findings.add(pointer, "", "has " + value.size() + " " + unit, "write at most " + most);
    }
  }

  private void rules(JsonNode schema, JsonNode value, String pointer) {
    for (JsonNode rule : schema.path("x-kubernetes-validations")) {
      String message = rule.path("message").asText();
      int cut = message.indexOf(": ");
      Rules.twin(rule.path("rule").asText())
          .ifPresent(
              twin ->
                  twin.apply(value)
                      .forEach(
                          broken ->
                              findings.add(
                                  pointer + broken,
                                  "",
                                  message.substring(0, cut),
                                  message.substring(cut + 2))));
    }
  }
}

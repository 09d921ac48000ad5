package io.evaljob.operator.docs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Turns custom resource definitions into the Markdown of the API reference. */
final class ApiReference {

  private final StringBuilder text = new StringBuilder();

  private ApiReference() {}

  static String of(List<JsonNode> definitions) {
    ApiReference reference = new ApiReference();
    reference.line("# API reference");
    reference.line("");
    reference.line(
        "Group `evaljob.io`, version `v1alpha1`. This page is made from the custom resource"
            + " definitions in `crds/`; `kubectl explain evaljob.spec --recursive` shows the same.");
    for (JsonNode definition : definitions) {
      reference.kind(definition);
    }
    return reference.text.toString();
  }

  private void kind(JsonNode definition) {
    JsonNode names = definition.at("/spec/names");
    JsonNode version = definition.at("/spec/versions/0");
    JsonNode schema = version.at("/schema/openAPIV3Schema");
    line("");
    line("## " + names.get("kind").asText());
    line("");
    line(
        "%s; short name `%s`; file `crds/%s.yaml`."
            .formatted(
                definition.at("/spec/scope").asText(),
                names.at("/shortNames/0").asText(),
                definition.at("/metadata/name").asText()));
    rules("The whole object", schema);
    table("spec", schema.at("/properties/spec"));
    if (schema.at("/properties").has("status")) {
      table("status", schema.at("/properties/status"));
    }
    columns(version.at("/additionalPrinterColumns"));
  }

  private void table(String root, JsonNode schema) {
    line("");
    line("### " + root);
    line("");
    line("| field | type | default | bounds | what it says |");
    line("|---|---|---|---|---|");
    List<String> rules = new ArrayList<>();
    rows(root, schema, rules);
    if (!rules.isEmpty()) {
      line("");
      line("Rules:");
      line("");
      rules.forEach(this::line);
    }
  }

  private void rows(String path, JsonNode schema, List<String> rules) {
    for (JsonNode rule : schema.path("x-kubernetes-validations")) {
      rules.add("- `%s`: %s".formatted(path, rule.path("message").asText()));
    }
    List<String> required = new ArrayList<>();
    schema.path("required").forEach(name -> required.add(name.asText()));
    schema
        .path("properties")
        .properties()
        .forEach(
            property -> {
              String field = path + "." + property.getKey();
              JsonNode node = property.getValue();
              line(
                  "| `%s`%s | %s | %s | %s | %s |"
                      .formatted(
                          field,
                          required.contains(property.getKey()) ? " (required)" : "",
                          type(node),
                          node.has("default") ? "`" + node.get("default") + "`" : "",
                          bounds(node),
                          cell(node.path("description").asText())));
              nested(field, node, rules);
            });
  }

  private void nested(String field, JsonNode node, List<String> rules) {
    if (node.has("properties")) {
      rows(field, node, rules);
    } else if (node.path("items").has("properties")) {
      rows(field + "[]", node.get("items"), rules);
    } else if (node.path("additionalProperties").has("properties")) {
      rows(field + ".<name>", node.get("additionalProperties"), rules);
    } else {
      for (JsonNode rule : node.path("x-kubernetes-validations")) {
        rules.add("- `%s`: %s".formatted(field, rule.path("message").asText()));
      }
    }
  }

  private static String type(JsonNode node) {
    if (node.path("x-kubernetes-int-or-string").asBoolean()) {
      return "quantity";
    }
    String type = node.path("type").asText("any");
    if ("array".equals(type)) {
      String list = node.path("x-kubernetes-list-type").asText("");
      String keys = node.at("/x-kubernetes-list-map-keys/0").asText("");
      String kind =
          switch (list) {
            case "map" -> ", by `" + keys + "`";
            case "set" -> ", a set";
            default -> "";
          };
      return "list of " + type(node.path("items")) + kind;
    }
    if ("object".equals(type) && node.has("additionalProperties")) {
      return "map to " + type(node.get("additionalProperties"));
    }
    return type;
  }

  private static String bounds(JsonNode node) {
    List<String> parts = new ArrayList<>();
    if (node.has("enum")) {
      List<String> values = new ArrayList<>();
      node.get("enum").forEach(value -> values.add("`" + value.asText() + "`"));
      parts.add(String.join(" ", values));
    }
    range(node, "minimum", "maximum", "", parts);
    range(node, "minLength", "maxLength", " characters", parts);
    range(node, "minItems", "maxItems", " entries", parts);
    range(node, "minProperties", "maxProperties", " entries", parts);
    if (node.has("pattern")) {
      parts.add("`" + cell(node.get("pattern").asText()) + "`");
    }
    return String.join("; ", parts);
  }

  private static void range(
      JsonNode node, String low, String high, String unit, List<String> parts) {
    JsonNode least = node.has(low) ? node.get(low) : MissingNode.getInstance();
    JsonNode most = node.has(high) ? node.get(high) : MissingNode.getInstance();
    if (!least.isMissingNode() && !most.isMissingNode()) {
      parts.add(number(least) + " to " + number(most) + unit);
    } else if (!least.isMissingNode()) {
      parts.add("at least " + number(least) + unit);
    } else if (!most.isMissingNode()) {
      parts.add("at most " + number(most) + unit);
    }
  }

  private static String number(JsonNode node) {
    return node.decimalValue().stripTrailingZeros().toPlainString();
  }

  private void rules(String what, JsonNode schema) {
    JsonNode rules = schema.path("x-kubernetes-validations");
    if (rules.isEmpty()) {
      return;
    }
    line("");
    line(what + ":");
    line("");
    rules.forEach(rule -> line("- " + rule.path("message").asText()));
  }

  private void columns(JsonNode columns) {
    if (columns.isEmpty()) {
      return;
    }
    line("");
    line("### Columns of kubectl get");
    line("");
    line("| column | shows | only with -o wide |");
    line("|---|---|---|");
    columns.forEach(
        column ->
            line(
                "| %s | `%s` | %s |"
                    .formatted(
                        column.get("name").asText().toUpperCase(Locale.ROOT),
                        column.get("jsonPath").asText(),
                        column.path("priority").asInt() > 0 ? "yes" : "")));
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace("\n", " ").strip();
  }

  private void line(String line) {
    text.append(line.stripTrailing()).append('\n');
  }
}

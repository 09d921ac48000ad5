package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Checks one text, number or boolean; finds at most one mistake. */
final class ScalarCheck {
  private final JsonNode schema;
  private final Findings findings;

  ScalarCheck(JsonNode schema, Findings findings) {
    this.schema = schema;
    this.findings = findings;
  }

  /** Whether the value has the right type. */
  boolean check(JsonNode value, String pointer) {
    if (value.isContainerNode()) {
      findings.add(
          pointer,
          "",
          value.isArray() ? "is a list, not one value" : "is a set of fields, not one value",
          "write a single value");
      return false;
    }
    return switch (schema.path("type").asText()) {
      case "string" -> string(value, pointer);
      case "integer" -> integer(value, pointer);
      case "boolean" -> bool(value, pointer);
      default -> intOrString(value, pointer);
    };
  }

  private boolean string(JsonNode value, String pointer) {
    if (!value.isTextual()) {
      findings.add(
          pointer,
          Findings.show(value),
          value.isBoolean() ? "is true or false to YAML, not text" : "is a number, not text",
          "put it in quotes");
      return false;
    }
    text(value, pointer);
    return true;
  }

  private void text(JsonNode value, String pointer) {
    String text = value.asText();
    int length = text.codePointCount(0, text.length());
    if (schema.has("enum")) {
      enumeration(value, pointer);
    } else if (length < schema.path("minLength").asInt(0)) {
      findings.add(
          pointer,
          Findings.show(value),
          length == 0 ? "is empty" : "is too short",
          length == 0
              ? "write something, or leave the field out"
              : "write at least " + schema.get("minLength").asInt() + " characters");
    } else if (length > schema.path("maxLength").asInt(Integer.MAX_VALUE)) {
      findings.add(
          pointer,
          Findings.show(value),
          "has " + length + " characters",
          "write at most " + schema.get("maxLength").asInt());
    } else if (schema.has("pattern") && !matches(schema.get("pattern").asText(), text)) {
      String pattern = schema.get("pattern").asText();
      PatternWords words =
          PatternWords.of(pattern)
              .orElse(new PatternWords("is not in the right form", "it must match " + pattern));
      findings.add(pointer, Findings.show(value), words.reason(), words.remedy());
    }
  }

  /** Patterns mean what they mean to Go: the end is the end of the text, not of a line. */
  private static boolean matches(String pattern, String text) {
    String exact =
        pattern.endsWith("$") ? pattern.substring(0, pattern.length() - 1) + "\\z" : pattern;
    return Pattern.compile(exact, Pattern.UNIX_LINES).matcher(text).find();
  }

  private void enumeration(JsonNode value, String pointer) {
    List<String> allowed = new ArrayList<>();
    schema.get("enum").forEach(item -> allowed.add(item.asText()));
    if (!allowed.contains(value.asText())) {
      findings.add(
          pointer,
          Findings.show(value),
          "is not one of " + String.join(", ", allowed),
          Nearest.to(value.asText(), allowed)
              .map(near -> "did you mean " + near + "?")
              .orElse("write one of them"));
    }
  }

  private boolean integer(JsonNode value, String pointer) {
    if (!isWhole(value)) {
      findings.add(
          pointer,
          Findings.show(value),
          "is not a whole number",
          value.isTextual() && value.asText().matches("-?[0-9]{1,18}")
              ? "write it without quotes"
              : "write " + range());
      return false;
    }
    boolean wide = schema.path("format").asText().equals("int64");
    boolean fits = wide ? value.canConvertToLong() : value.canConvertToInt();
    long number = value.asLong();
    if (!fits
        || number < schema.path("minimum").asLong(Long.MIN_VALUE)
        || number > schema.path("maximum").asLong(Long.MAX_VALUE)) {
      findings.add(pointer, Findings.show(value), "is out of range", "write " + range());
    }
    return true;
  }

  /** To JSON 20.0 is the number 20. */
  private static boolean isWhole(JsonNode value) {
    return value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
  }

  private String range() {
    if (!schema.has("minimum")) {
      return "a whole number";
    }
    return schema.has("maximum")
        ? "a whole number from " + schema.get("minimum") + " to " + schema.get("maximum")
        : "a whole number, " + schema.get("minimum") + " or more";
  }

  private boolean bool(JsonNode value, String pointer) {
    if (!value.isBoolean()) {
      findings.add(
          pointer, Findings.show(value), "is neither true nor false", "write true or false");
      return false;
    }
    return true;
  }

  private boolean intOrString(JsonNode value, String pointer) {
    if (value.isTextual()) {
      text(value, pointer);
      return true;
    }
    if (!isWhole(value) || value.decimalValue().signum() < 0) {
      PatternWords words =
          PatternWords.of(schema.path("pattern").asText())
              .orElse(new PatternWords("is not a quantity", "put it in quotes"));
      findings.add(
          pointer,
          Findings.show(value),
          words.reason(),
          value.isFloatingPointNumber() ? "put it in quotes" : words.remedy());
      return false;
    }
    return true;
  }
}

package io.evaljob.operator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.evaljob.operator.schema.Manifest;
import io.evaljob.operator.schema.Position;

/** Finds the line of a field that a message names, such as {@code spec.models[sft].source}. */
final class FieldPlace {

  private FieldPlace() {}

  /** File, line and column; of the nearest field around it where the field is not written. */
  static String of(Manifest manifest, String field) {
    StringBuilder pointer = new StringBuilder();
    JsonNode at = manifest.object();
    int from = 0;
    while (from < field.length() && !at.isMissingNode()) {
      int end = from;
      String step;
      if (field.charAt(from) == '[') {
        end = Math.max(field.indexOf(']', from), from + 1);
        step = step(at, field.substring(from + 1, end));
        end++;
      } else {
        if (field.charAt(from) == '.') {
          from++;
          end = from;
        }
        while (end < field.length() && field.charAt(end) != '.' && field.charAt(end) != '[') {
          end++;
        }
        step = field.substring(from, end);
      }
      pointer.append('/').append(step.replace("~", "~0").replace("/", "~1"));
      at = at.isArray() ? at.path(index(step)) : at.path(step);
      from = end;
    }
    Position position = manifest.position(pointer.toString());
    String source = manifest.source();
    return position.isKnown() ? source + ":" + position.line() + ":" + position.column() : source;
  }

  /** The index of the item that the key names, or the key itself for a property. */
  private static String step(JsonNode node, String key) {
    if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        JsonNode item = node.get(i);
        String name = item.isObject() ? item.path("name").asText("") : item.asText();
        if (name.equals(key)) {
          return Integer.toString(i);
        }
      }
    }
    return key;
  }

  private static int index(String step) {
    return step.matches("[0-9]{1,6}") ? Integer.parseInt(step) : -1;
  }
}

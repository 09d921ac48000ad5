package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Says what was probably meant by a field that does not exist. */
final class FieldNames {
  private static final int MOST_PLACES = 3;

  private FieldNames() {}

  /** The names of the fields of an object, sorted. */
  static List<String> of(JsonNode schema) {
    List<String> names = new ArrayList<>();
    schema.path("properties").fieldNames().forEachRemaining(names::add);
    Collections.sort(names);
    return names;
  }

  /** The names of the fields that an object has, in its order. */
  static List<String> written(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /**
   * What to do about a field that does not exist.
   *
   * @param written name of the field
   * @param known names of the fields that exist in its place
   * @param root schema of the whole object, searched for places where the field does exist
   */
  static String remedy(String written, List<String> known, JsonNode root) {
    Optional<String> nearest = Nearest.to(written, known);
    List<String> places = new ArrayList<>();
    places(root.path("properties").path("spec"), "spec", written, places);
    boolean elsewhere = !places.isEmpty() && places.size() <= MOST_PLACES;
    if (nearest.isPresent()) {
      return "did you mean "
          + nearest.get()
          + (elsewhere ? ", or does it belong in " + String.join(" or ", places) : "")
          + "?";
    }
    if (elsewhere) {
      return "move it to " + String.join(" or ", places);
    }
    return known.isEmpty() ? "remove it" : "use one of: " + String.join(", ", known);
  }

  private static void places(JsonNode schema, String path, String name, List<String> found) {
    if (schema.path("properties").has(name)) {
      found.add(path);
    }
    schema
        .path("properties")
        .properties()
        .forEach(field -> places(field.getValue(), path + "." + field.getKey(), name, found));
    if (schema.has("items")) {
      places(schema.get("items"), path + "[]", name, found);
    }
  }
}

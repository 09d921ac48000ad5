package io.evaljob.api.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** Puts the fields of a definition into the order in which a person reads them. */
final class SchemaOrder {
  private static final List<String> FIRST =
      List.of(
          "apiVersion",
          "kind",
          "metadata",
          "name",
          "group",
          "scope",
          "names",
          "description",
          "type",
          "format",
          "default",
          "enum",
          "pattern",
          "minLength",
          "maxLength",
          "minimum",
          "maximum",
          "minItems",
          "maxItems",
          "minProperties",
          "maxProperties",
          "x-kubernetes-int-or-string",
          "x-kubernetes-list-type",
          "x-kubernetes-list-map-keys",
          "x-kubernetes-map-type",
          "x-kubernetes-validations",
          "rule",
          "message",
          "required",
          "served",
          "storage",
          "additionalPrinterColumns",
          "selectableFields",
          "subresources",
          "spec",
          "schema");

  private SchemaOrder() {}

  /** A copy with sorted fields; below {@code properties} fields go by name. */
  static JsonNode sorted(JsonNode node) {
    return sorted(node, false);
  }

  private static JsonNode sorted(JsonNode node, boolean byName) {
    if (node instanceof ArrayNode array) {
      ArrayNode copy = JsonNodeFactory.instance.arrayNode();
      array.forEach(item -> copy.add(sorted(item, false)));
      return copy;
    }
    if (!(node instanceof ObjectNode object)) {
      return node;
    }
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    Collections.sort(names);
    if (!byName) {
      names.sort(Comparator.comparingInt(SchemaOrder::rank));
    }
    ObjectNode copy = JsonNodeFactory.instance.objectNode();
    for (String name : names) {
      copy.set(name, sorted(object.get(name), !byName && name.equals("properties")));
    }
    return copy;
  }

  private static int rank(String name) {
    int rank = FIRST.indexOf(name);
    return rank < 0 ? FIRST.size() : rank;
  }
}

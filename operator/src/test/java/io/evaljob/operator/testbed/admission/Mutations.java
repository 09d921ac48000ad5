package io.evaljob.operator.testbed.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Every way to break one bound, type or pattern of a schema by one change of a valid object, and
 * values at the edge whose verdict nobody has to know beforehand.
 */
final class Mutations {

  /** Texts at the edge of the patterns. */
  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "a",
          "A",
          "-",
          "a-",
          "a b",
          "a/b",
          "/a",
          "a/",
          "..",
          ".",
          "a\n",
          "a\nb",
          "\n",
          "é",
          "1",
          "1Gi",
          "1.5",
          "1e3",
          "-1",
          "+1",
          "1 Gi",
          "01",
          "a==1",
          "http://a",
          "*",
          "*a*",
          "2026-02-30",
          "True",
          "\u0000",
          "a\u2028b");

  /**
   * One change.
   *
   * @param pointer what was changed
   * @param what how
   * @param object the changed object
   * @param breaks whether it must be refused
   */
  record Mutation(String pointer, String what, ObjectNode object, boolean breaks) {
    @Override
    public String toString() {
      return pointer + ": " + what;
    }
  }

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final ObjectNode root;
  private final List<Mutation> found = new ArrayList<>();

  private Mutations(ObjectNode root) {
    this.root = root;
  }

  /** All mutations of one field of a valid object and of what is below it. */
  static List<Mutation> of(ObjectNode object, JsonNode schema, String field) {
    Mutations mutations = new Mutations(object);
    mutations.visit("/" + field, schema.at("/properties/" + field), object.get(field));
    return mutations.found;
  }

  private void visit(String pointer, JsonNode schema, JsonNode value) {
    replace(pointer, "null", NullNode.instance, false);
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      replace(pointer, "a fraction", DoubleNode.valueOf(1.5), false);
      replace(pointer, "a negative number", LongNode.valueOf(-1), false);
      replace(pointer, "a great number", LongNode.valueOf(Long.MAX_VALUE), false);
      replace(pointer, "a boolean", BooleanNode.TRUE, true);
      replace(pointer, "a list", NODES.arrayNode(), true);
      replace(pointer, "no quantity", TextNode.valueOf("much"), true);
      texts(pointer);
      return;
    }
    switch (schema.path("type").asText()) {
      case "object" -> object(pointer, schema, value);
      case "array" -> array(pointer, schema, value);
      case "string" -> string(pointer, schema);
      case "integer" -> integer(pointer, schema);
      case "boolean" -> replace(pointer, "a text", TextNode.valueOf("true"), true);
      default -> throw new AssertionError(pointer + " has no type");
    }
  }

  private void object(String pointer, JsonNode schema, JsonNode value) {
    replace(pointer, "a text", TextNode.valueOf("text"), true);
    replace(pointer, "a list", NODES.arrayNode(), true);
    JsonNode additional = schema.path("additionalProperties");
    if (additional.isObject()) {
      int most = schema.path("maxProperties").asInt();
      JsonNode one = value.iterator().next();
      replace(pointer, most + " entries", entries(one, most), false);
      replace(pointer, most + 1 + " entries", entries(one, most + 1), true);
      String key = value.fieldNames().next();
      visit(pointer + "/" + key.replace("/", "~1"), additional, one);
      return;
    }
    ObjectNode more = value.deepCopy();
    more.put("zzz", "x");
    replace(pointer, "an unknown field", more, true);
    for (JsonNode required : schema.path("required")) {
      ObjectNode less = value.deepCopy();
      less.remove(required.asText());
      replace(pointer, "no " + required.asText(), less, true);
    }
    value
        .properties()
        .forEach(
            field ->
                visit(
                    pointer + "/" + field.getKey(),
                    schema.at("/properties/" + field.getKey()),
                    field.getValue()));
  }

  private static ObjectNode entries(JsonNode one, int count) {
    ObjectNode map = NODES.objectNode();
    for (int i = 0; i < count; i++) {
      map.set("k" + i, one);
    }
    return map;
  }

  private void array(String pointer, JsonNode schema, JsonNode value) {
    replace(pointer, "a text", TextNode.valueOf("text"), true);
    replace(pointer, "an object", NODES.objectNode(), true);
    replace(pointer, "no entries", NODES.arrayNode(), schema.path("minItems").asInt() > 0);
    int most = schema.path("maxItems").asInt();
    replace(pointer, most + " entries", items(schema, value.get(0), most), false);
    replace(pointer, most + 1 + " entries", items(schema, value.get(0), most + 1), true);
    ArrayNode twice = value.deepCopy();
    twice.add(value.get(0));
    boolean unique = List.of("map", "set").contains(schema.path("x-kubernetes-list-type").asText());
    replace(pointer, "an entry twice", twice, unique);
    for (int i = 0; i < value.size(); i++) {
      visit(pointer + "/" + i, schema.get("items"), value.get(i));
    }
  }

  private static ArrayNode items(JsonNode schema, JsonNode one, int count) {
    String key = schema.at("/x-kubernetes-list-map-keys/0").asText();
    ArrayNode items = NODES.arrayNode();
    for (int i = 0; i < count; i++) {
      if (one instanceof ObjectNode object && !key.isEmpty()) {
        items.add(object.deepCopy().put(key, "k" + i));
      } else if (one.isTextual()) {
        items.add("k" + i);
      } else if (one.isIntegralNumber()) {
        items.add(i + 1);
      } else {
        items.add(one);
      }
    }
    return items;
  }

  private void string(String pointer, JsonNode schema) {
    replace(pointer, "a number", LongNode.valueOf(5), true);
    replace(pointer, "a boolean", BooleanNode.TRUE, true);
    replace(pointer, "an object", NODES.objectNode(), true);
    if (schema.has("enum")) {
      replace(pointer, "another word", TextNode.valueOf("Other"), true);
      replace(pointer, "Unknown", TextNode.valueOf("Unknown"), true);
      return;
    }
    int most = schema.path("maxLength").asInt();
    replace(pointer, most + " letters", TextNode.valueOf("a".repeat(most)), false);
    replace(pointer, most + 1 + " letters", TextNode.valueOf("a".repeat(most + 1)), true);
    replace(pointer, most + " emojis", TextNode.valueOf("😀".repeat(most)), false);
    replace(pointer, "no letter", TextNode.valueOf(""), schema.path("minLength").asInt() > 0);
    texts(pointer);
  }

  private void texts(String pointer) {
    TEXTS.forEach(text -> replace(pointer, "'" + text + "'", TextNode.valueOf(text), false));
  }

  private void integer(String pointer, JsonNode schema) {
    long least = schema.path("minimum").asLong();
    replace(pointer, "" + least, LongNode.valueOf(least), false);
    replace(pointer, "" + (least - 1), LongNode.valueOf(least - 1), true);
    if (schema.has("maximum")) {
      long most = schema.get("maximum").asLong();
      replace(pointer, "" + most, LongNode.valueOf(most), false);
      replace(pointer, "" + (most + 1), LongNode.valueOf(most + 1), true);
    }
    replace(pointer, "a fraction", DoubleNode.valueOf(1.5), true);
    replace(pointer, "a whole fraction", DoubleNode.valueOf(20.0), false);
    replace(pointer, "a text", TextNode.valueOf("5"), true);
  }

  private void replace(String pointer, String what, JsonNode value, boolean breaks) {
    ObjectNode copy = root.deepCopy();
    int cut = pointer.lastIndexOf('/');
    JsonNode parent = copy.at(pointer.substring(0, cut));
    String field = pointer.substring(cut + 1).replace("~1", "/");
    if (parent instanceof ArrayNode list) {
      list.set(Integer.parseInt(field), value);
    } else {
      ((ObjectNode) parent).set(field, value);
    }
    found.add(new Mutation(pointer, what, copy, breaks));
  }
}

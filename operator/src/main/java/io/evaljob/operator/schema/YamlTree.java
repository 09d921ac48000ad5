package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** Turns a YAML node into a JSON tree, with the place of every value. */
final class YamlTree {
  /** Anchors can make a small file a huge tree; no manifest comes near this. */
  private static final int MAX_NODES = 500_000;

  private static final int MAX_DEPTH = 60;

  private final Map<String, Position> positions;
  private int nodes;

  /**
   * @param positions filled with the place of every value, by JSON pointer; of a field, the place
   *     of its name
   */
  YamlTree(Map<String, Position> positions) {
    this.positions = positions;
  }

  static Position position(Mark mark) {
    return new Position(mark.getLine() + 1, mark.getColumn() + 1);
  }

  /**
   * Converts a document.
   *
   * @throws MarkedYAMLException for a field that occurs twice, and for too many or too deep nodes
   */
  JsonNode convert(Node root) {
    return convert(root, "", 0);
  }

  private JsonNode convert(Node node, String pointer, int depth) {
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
      throw new Malformed("too many nodes, or anchors that contain themselves", node);
    }
    positions.putIfAbsent(pointer, position(node.getStartMark()));
    if (node instanceof MappingNode mapping) {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      for (NodeTuple tuple : mapping.getValue()) {
        if (!tuple.getKeyNode().getTag().equals(Tag.MERGE)) {
          put(object, tuple, pointer, depth);
        }
      }
      // Merged fields come last: those written out win.
      for (NodeTuple tuple : mapping.getValue()) {
        if (tuple.getKeyNode().getTag().equals(Tag.MERGE)) {
          merge(object, tuple.getValueNode(), pointer, depth);
        }
      }
      return object;
    }
    if (node instanceof SequenceNode sequence) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      for (Node item : sequence.getValue()) {
        array.add(convert(item, pointer + "/" + array.size(), depth + 1));
      }
      return array;
    }
    return scalar((ScalarNode) node);
  }

  private void put(ObjectNode object, NodeTuple tuple, String pointer, int depth) {
    if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
      throw new Malformed("a field name must be text", tuple.getKeyNode());
    }
    String name = key.getValue();
    if (object.has(name)) {
      throw new Malformed("duplicate key " + name, key);
    }
    String below = pointer + "/" + escape(name);
    positions.put(below, position(key.getStartMark()));
    object.set(name, convert(tuple.getValueNode(), below, depth + 1));
  }

  private void merge(ObjectNode object, Node value, String pointer, int depth) {
    if (value instanceof SequenceNode sequence) {
      sequence.getValue().forEach(item -> merge(object, item, pointer, depth + 1));
    } else if (convert(value, pointer, depth + 1) instanceof ObjectNode merged) {
      merged
          .properties()
          .forEach(
              field -> {
                if (!object.has(field.getKey())) {
                  object.set(field.getKey(), field.getValue());
                }
              });
    } else {
      throw new Malformed("<< needs an object", value);
    }
  }

  /** JSON pointer escape. */
  static String escape(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }

  private static JsonNode scalar(ScalarNode node) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    String text = node.getValue();
    Tag tag = node.getTag();
    if (tag.equals(Tag.NULL)) {
      return json.nullNode();
    }
    if (tag.equals(Tag.BOOL)) {
      return json.booleanNode(
          switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "yes", "on" -> true;
            default -> false;
          });
    }
    try {
      if (tag.equals(Tag.INT) && !text.contains(":")) {
        BigInteger number = integer(text.replace("_", ""));
        return number.bitLength() < Integer.SIZE
            ? json.numberNode(number.intValue())
            : number.bitLength() < Long.SIZE
                ? json.numberNode(number.longValue())
                : json.numberNode(number);
      }
      if (tag.equals(Tag.FLOAT) && !text.contains(":")) {
        return json.numberNode(new BigDecimal(text.replace("_", "")));
      }
    } catch (NumberFormatException e) {
      // Infinity and the like have no JSON number: they stay text.
      return json.textNode(text);
    }
    return json.textNode(text);
  }

  private static BigInteger integer(String text) {
    String digits = text.startsWith("-") || text.startsWith("+") ? text.substring(1) : text;
    BigInteger magnitude;
    if (digits.startsWith("0x")) {
      magnitude = new BigInteger(digits.substring(2), 16);
    } else if (digits.startsWith("0b")) {
      magnitude = new BigInteger(digits.substring(2), 2);
    } else if (digits.startsWith("0") && digits.length() > 1) {
      magnitude = new BigInteger(digits.substring(1), 8);
    } else {
      magnitude = new BigInteger(digits);
    }
    return text.startsWith("-") ? magnitude.negate() : magnitude;
  }

  /** A mistake that the parser of YAML lets pass. */
  private static final class Malformed extends MarkedYAMLException {
    private static final long serialVersionUID = 1L;

    Malformed(String problem, Node node) {
      super(null, null, problem, node.getStartMark());
    }
  }
}

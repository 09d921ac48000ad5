package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/**
 * The objects that a list or a watch asks for.
 *
 * @param url the collection; with a name, one object of it
 * @param labels which labels they have
 * @param fields which fields they have
 */
record Selection(ObjectPath url, LabelSelector labels, FieldSelector fields) {

  /**
   * Reads a request's target.
   *
   * @throws SelectorException when a selector cannot be served
   */
  static Selection of(ObjectPath url, String target) {
    return new Selection(
        url,
        LabelSelector.parse(parameter(target, "labelSelector")),
        FieldSelector.parse(url, parameter(target, "fieldSelector")));
  }

  /** A parameter of the query, decoded; empty when it is not given. */
  static String parameter(String target, String name) {
    int query = target.indexOf('?');
    if (query >= 0) {
      for (String part : target.substring(query + 1).split("&", -1)) {
        if (part.startsWith(name + "=")) {
          return URLDecoder.decode(part.substring(name.length() + 1), StandardCharsets.UTF_8);
        }
      }
    }
    return "";
  }

  /** True when no selector narrows the collection. */
  boolean isWhole() {
    return labels.requirements().isEmpty() && fields.requirements().isEmpty();
  }

  private boolean matches(JsonNode object) {
    return labels.matches(object) && fields.matches(object);
  }

  /** The list, in place, with the objects that the selectors match. */
  ObjectNode of(ObjectNode list) {
    ArrayNode matching = JsonNodeFactory.instance.arrayNode();
    for (JsonNode object : list.path("items")) {
      if (matches(object)) {
        matching.add(object);
      }
    }
    list.set("items", matching);
    return list;
  }

  /** True when the object at this address is asked for. */
  boolean matches(ObjectPath path, JsonNode object) {
    return path.group().equals(url.group())
        && path.version().equals(url.version())
        && path.plural().equals(url.plural())
        && (url.namespace().isEmpty() || path.namespace().equals(url.namespace()))
        && (url.name().isEmpty() || path.name().equals(url.name()))
        && matches(object);
  }
}

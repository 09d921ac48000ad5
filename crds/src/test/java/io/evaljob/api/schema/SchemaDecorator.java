package io.evaljob.api.schema;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Quantity;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;

/**
 * Adds to a generated schema what fabric8's generator cannot express: list and map types, formats,
 * whole-number bounds, bounds of quantities, and enums in the order of the type and without the
 * constant for values of newer versions.
 */
final class SchemaDecorator {
  /** A quantity that is not negative, in the suffixes that people write. */
  private static final String QUANTITY =
      "^[0-9]{1,15}(\\.[0-9]{1,9})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

  private SchemaDecorator() {}

  /**
   * Decorates the schema of a type and all below.
   *
   * @throws IllegalStateException when the schema lacks a field of the type
   */
  static void decorate(Type type, ObjectNode schema) {
    if (type instanceof ParameterizedType parameterized) {
      Type[] arguments = parameterized.getActualTypeArguments();
      if (parameterized.getRawType() == List.class) {
        decorate(arguments[0], (ObjectNode) schema.get("items"));
      } else if (parameterized.getRawType() == Map.class) {
        decorate(arguments[1], (ObjectNode) schema.get("additionalProperties"));
      }
      return;
    }
    Class<?> raw = (Class<?>) type;
    if (raw.isRecord()) {
      for (RecordComponent component : raw.getRecordComponents()) {
        if (!(schema.at("/properties/" + component.getName()) instanceof ObjectNode property)) {
          throw new IllegalStateException(raw + " has no schema of " + component.getName());
        }
        annotate(component, property);
        decorate(component.getGenericType(), property);
      }
    } else if (raw.isEnum()) {
      ArrayNode values = schema.putArray("enum");
      for (Object constant : raw.getEnumConstants()) {
        if (!constant.toString().equals("Unknown")) {
          values.add(constant.toString());
        }
      }
    } else if (raw == Integer.class || raw == int.class) {
      wholeNumber(schema, "int32");
    } else if (raw == Long.class || raw == long.class) {
      wholeNumber(schema, "int64");
    } else if (raw == Quantity.class) {
      // A pattern holds for texts alone: a number without quotes needs a bound of its own.
      schema.put("pattern", QUANTITY).put("maxLength", 32).put("minimum", 0);
    }
  }

  private static void annotate(RecordComponent component, ObjectNode property) {
    ListMap listMap = component.getAnnotation(ListMap.class);
    if (listMap != null) {
      property.put("x-kubernetes-list-type", "map");
      property.putArray("x-kubernetes-list-map-keys").add(listMap.value());
    }
    if (component.isAnnotationPresent(ListSet.class)) {
      property.put("x-kubernetes-list-type", "set");
    }
    if (component.isAnnotationPresent(ListAtomic.class)) {
      property.put("x-kubernetes-list-type", "atomic");
    }
    if (component.isAnnotationPresent(MapAtomic.class)) {
      property.put("x-kubernetes-map-type", "atomic");
    }
    Format format = component.getAnnotation(Format.class);
    if (format != null) {
      property.put("format", format.value());
    }
  }

  private static void wholeNumber(ObjectNode schema, String format) {
    schema.put("format", format);
    for (String bound : List.of("minimum", "maximum")) {
      if (schema.has(bound)) {
        schema.put(bound, schema.get(bound).longValue());
      }
    }
  }
}

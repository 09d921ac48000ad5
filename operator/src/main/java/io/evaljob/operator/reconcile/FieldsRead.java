package io.evaljob.operator.reconcile;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * Reads the named fields of a JSON object into a new object and skips all others. A field that is
 * null in JSON stays as the object has it when it is new.
 *
 * <p>Jackson's own way looks at every method of a class and of what it refers to; of the client's
 * model classes these are hundreds, and larger than anything else that the operator would load.
 *
 * @param <T> what is read
 */
final class FieldsRead<T> extends StdDeserializer<T> {
  private static final long serialVersionUID = 1;

  /** Reads a value at the parser's token and hands it over. */
  private interface Field<T> {
    void read(JsonParser json, DeserializationContext context, T into) throws IOException;
  }

  private interface Value<V> {
    V read(JsonParser json, DeserializationContext context) throws IOException;
  }

  private final Class<T> type;
  private final transient Supplier<T> fresh;
  private final transient Map<String, Field<T>> fields = new HashMap<>();

  private FieldsRead(Class<T> type, Supplier<T> fresh) {
    super(type);
    this.type = type;
    this.fresh = fresh;
  }

  static <T> FieldsRead<T> of(Class<T> type, Supplier<T> fresh) {
    return new FieldsRead<>(type, fresh);
  }

  FieldsRead<T> text(String name, BiConsumer<T, String> setter) {
    return field(name, FieldsRead::text, setter);
  }

  FieldsRead<T> integer(String name, BiConsumer<T, Integer> setter) {
    return field(name, (json, context) -> json.getIntValue(), setter);
  }

  FieldsRead<T> number(String name, BiConsumer<T, Long> setter) {
    return field(name, (json, context) -> json.getLongValue(), setter);
  }

  FieldsRead<T> flag(String name, BiConsumer<T, Boolean> setter) {
    return field(name, (json, context) -> json.getBooleanValue(), setter);
  }

  FieldsRead<T> texts(String name, BiConsumer<T, List<String>> setter) {
    return field(name, (json, context) -> list(FieldsRead::text, json, context), setter);
  }

  FieldsRead<T> textByName(String name, BiConsumer<T, Map<String, String>> setter) {
    return field(name, FieldsRead::map, setter);
  }

  <V> FieldsRead<T> object(String name, FieldsRead<V> value, BiConsumer<T, V> setter) {
    return field(name, value::deserialize, setter);
  }

  <V> FieldsRead<T> objects(String name, FieldsRead<V> value, BiConsumer<T, List<V>> setter) {
    return field(name, (json, context) -> list(value::deserialize, json, context), setter);
  }

  /** Reads it in Jackson's own way, and looks at its class when the first one comes. */
  <V> FieldsRead<T> whole(String name, Class<V> value, BiConsumer<T, V> setter) {
    return field(name, (json, context) -> context.readValue(json, value), setter);
  }

  private <V> FieldsRead<T> field(String name, Value<V> value, BiConsumer<T, V> setter) {
    fields.put(name, (json, context, into) -> setter.accept(into, value.read(json, context)));
    return this;
  }

  void register(SimpleModule module) {
    module.addDeserializer(type, this);
  }

  @Override
  public T deserialize(JsonParser json, DeserializationContext context) throws IOException {
    if (json.currentToken() == JsonToken.START_OBJECT) {
      json.nextToken();
    } else if (json.currentToken() != JsonToken.FIELD_NAME) {
      return type.cast(context.handleUnexpectedToken(type, json));
    }
    T made = fresh.get();
    for (; json.currentToken() == JsonToken.FIELD_NAME; json.nextToken()) {
      Field<T> field = fields.get(json.currentName());
      JsonToken value = json.nextToken();
      if (field == null) {
        json.skipChildren();
      } else if (value != JsonToken.VALUE_NULL) {
        field.read(json, context, made);
      }
    }
    return made;
  }

  private static String text(JsonParser json, DeserializationContext context) throws IOException {
    String text = json.getValueAsString();
    return text == null ? (String) context.handleUnexpectedToken(String.class, json) : text;
  }

  private static <V> List<V> list(Value<V> value, JsonParser json, DeserializationContext context)
      throws IOException {
    List<V> list = new ArrayList<>();
    if (json.currentToken() != JsonToken.START_ARRAY) {
      context.handleUnexpectedToken(List.class, json);
    }
    while (json.nextToken() != JsonToken.END_ARRAY) {
      list.add(value.read(json, context));
    }
    return list;
  }

  private static Map<String, String> map(JsonParser json, DeserializationContext context)
      throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      context.handleUnexpectedToken(Map.class, json);
    }
    Map<String, String> map = new LinkedHashMap<>();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      map.put(name, text(json, context));
    }
    return map;
  }
}

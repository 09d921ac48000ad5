package io.evaljob.api.v1alpha1;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Unmodifiable copies of collections in API records, in their order; null becomes empty. */
final class Copies {
  private Copies() {}

  static <T> List<T> list(List<T> source) {
    return source == null ? List.of() : Collections.unmodifiableList(new ArrayList<>(source));
  }

  static <K, V> Map<K, V> map(Map<K, V> source) {
    return source == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(source));
  }
}

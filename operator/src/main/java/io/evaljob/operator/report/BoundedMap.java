package io.evaljob.operator.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A map that forgets the entry used longest ago when it is full. */
final class BoundedMap<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;

  private final int capacity;

  private BoundedMap(int capacity) {
    super(64, 0.75f, true);
    this.capacity = capacity;
  }

  static <K, V> Map<K, V> synchronizedOf(int capacity) {
    return Collections.synchronizedMap(new BoundedMap<>(capacity));
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > capacity;
  }
}

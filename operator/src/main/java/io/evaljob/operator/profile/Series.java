package io.evaljob.operator.profile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A module whose children are numbered, such as {@code model.layers}.
 *
 * @param name the module's name
 * @param members what each child holds, by its number
 */
record Series(String name, SortedMap<Integer, List<Tensor>> members) {

  /** Longest number of a child, in digits. */
  private static final int DIGITS = 6;

  /** All series, each tensor in the outermost it is in. */
  static List<Series> of(Collection<Tensor> tensors) {
    Map<String, SortedMap<Integer, List<Tensor>>> found = new TreeMap<>();
    for (Tensor tensor : tensors) {
      String name = tensor.name();
      int start = number(name);
      if (start > 0) {
        int dot = name.indexOf('.', start);
        found
            .computeIfAbsent(name.substring(0, start - 1), any -> new TreeMap<>())
            .computeIfAbsent(
                Integer.valueOf(name.substring(start, dot < 0 ? name.length() : dot)),
                any -> new ArrayList<>())
            .add(tensor);
      }
    }
    return found.entrySet().stream()
        .map(entry -> new Series(entry.getKey(), entry.getValue()))
        .toList();
  }

  /** Whether a tensor is in this series, and not only in one further in. */
  boolean holds(Tensor tensor) {
    return tensor.name().startsWith(name)
        && number(tensor.name()) == name.length() + 1
        && tensor.name().charAt(name.length()) == '.';
  }

  /** Where the first part of a name that is a number starts; below 1 when there is none. */
  private static int number(String name) {
    for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      int end = dot + 1;
      while (end < name.length() && name.charAt(end) >= '0' && name.charAt(end) <= '9') {
        end++;
      }
      int digits = end - dot - 1;
      boolean whole = end == name.length() || name.charAt(end) == '.';
      if (dot > 0 && digits > 0 && digits <= DIGITS && whole) {
        return dot + 1;
      }
    }
    return 0;
  }

  /** Bytes of all children. */
  long bytes() {
    return members.values().stream().mapToLong(Series::bytes).sum();
  }

  /** Whether the children are 0, 1, 2 and so on. */
  boolean complete() {
    return members.firstKey() == 0 && members.lastKey() == members.size() - 1;
  }

  static long bytes(Collection<Tensor> tensors) {
    return tensors.stream().mapToLong(Tensor::bytes).sum();
  }
}

package io.evaljob.operator.profile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A module whose children are numbered, such as {@code model.layers}.
 *
 * @param name the module's name
 * @param members what each child holds, by its number
 */
record Series(String name, SortedMap<Integer, List<Tensor>> members) {

  private static final Pattern NUMBERED = Pattern.compile("(.+?)\\.(\\d{1,6})(?:\\..*)?");

  /** All series, each tensor in the outermost it is in. */
  static List<Series> of(Collection<Tensor> tensors) {
    Map<String, SortedMap<Integer, List<Tensor>>> found = new TreeMap<>();
    for (Tensor tensor : tensors) {
      Matcher match = NUMBERED.matcher(tensor.name());
      if (match.matches()) {
        found
            .computeIfAbsent(match.group(1), name -> new TreeMap<>())
            .computeIfAbsent(Integer.valueOf(match.group(2)), number -> new ArrayList<>())
            .add(tensor);
      }
    }
    return found.entrySet().stream()
        .map(entry -> new Series(entry.getKey(), entry.getValue()))
        .toList();
  }

  /** Name of the series that a tensor is in. */
  static Optional<String> nameOf(Tensor tensor) {
    Matcher match = NUMBERED.matcher(tensor.name());
    return match.matches() ? Optional.of(match.group(1)) : Optional.empty();
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

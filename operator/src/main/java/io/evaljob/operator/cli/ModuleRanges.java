package io.evaljob.operator.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names of modules, with those that only count up written as a range. */
final class ModuleRanges {

  private static final Pattern NUMBERED = Pattern.compile("(.*\\.)([0-9]{1,9})");

  private ModuleRanges() {}

  /** For example {@code [mlp1, layers.0-15]} for {@code mlp1} and {@code layers.0} to 15. */
  static List<String> of(Collection<String> modules) {
    List<String> names = new ArrayList<>();
    Map<String, TreeSet<Integer>> numbered = new TreeMap<>();
    for (String module : new TreeSet<>(modules)) {
      Matcher matcher = NUMBERED.matcher(module);
      if (matcher.matches()) {
        numbered
            .computeIfAbsent(matcher.group(1), prefix -> new TreeSet<>())
            .add(Integer.parseInt(matcher.group(2)));
      } else {
        names.add(module);
      }
    }
    numbered.forEach((prefix, numbers) -> ranges(prefix, List.copyOf(numbers), names));
    return names;
  }

  private static void ranges(String prefix, List<Integer> numbers, List<String> names) {
    int first = 0;
    for (int i = 1; i <= numbers.size(); i++) {
      if (i == numbers.size() || numbers.get(i) != numbers.get(i - 1) + 1) {
        names.add(prefix + numbers.get(first) + (i - first > 1 ? "-" + numbers.get(i - 1) : ""));
        first = i;
      }
    }
  }
}

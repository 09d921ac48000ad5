package io.evaljob.operator.validate;

import java.util.List;

/**
 * A list of {@code EvalRuntime.spec.allow}: names as they are, or with one {@code *} as the first
 * or last character. An absent list allows nothing.
 */
final class NamePatterns {
  private NamePatterns() {}

  static boolean allow(List<String> patterns, String name) {
    return patterns.stream().anyMatch(pattern -> matches(pattern, name));
  }

  /** A star anywhere else is an ordinary character that no Kubernetes name can have. */
  static boolean isWellFormed(String pattern) {
    if (pattern.isBlank()) {
      return false;
    }
    int star = pattern.indexOf('*');
    return star < 0
        || (star == pattern.lastIndexOf('*') && (star == 0 || star == pattern.length() - 1));
  }

  private static boolean matches(String pattern, String name) {
    if (!isWellFormed(pattern)) {
      return false;
    }
    if (pattern.endsWith("*")) {
      return name.startsWith(pattern.substring(0, pattern.length() - 1));
    }
    if (pattern.startsWith("*")) {
      return name.endsWith(pattern.substring(1));
    }
    return pattern.equals(name);
  }
}

package io.evaljob.operator.cli;

import java.util.List;

/** What the files ask for cannot be done; the lines say all that is wrong and what to do. */
final class Refused extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  Refused(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** At least one, each a line of its own. */
  List<String> problems() {
    return problems;
  }
}

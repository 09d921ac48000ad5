package io.evaljob.operator.config;

import java.util.List;

/** The environment cannot be used; the message lists every problem, one a line. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  ConfigException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** Every problem in the order of the option table: variable, value, reason, remedy. */
  public List<String> problems() {
    return problems;
  }
}

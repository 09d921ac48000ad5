package io.evaljob.operator.cli;

/**
 * Where messages go.
 *
 * @param redraws whether lines may be drawn over
 * @param columns width of a line; longer lines would wrap and spoil what is drawn over
 */
record Terminal(boolean redraws, int columns) {

  /** Set by the launcher when the error output is a terminal: Java cannot tell by itself. */
  static final String COLUMNS = "evaljob.terminal.columns";

  /** A file or a pipe. */
  static Terminal none() {
    return new Terminal(false, Integer.MAX_VALUE);
  }

  /** The terminal of this process, if the launcher found one. */
  static Terminal detect() {
    int columns = Integer.getInteger(COLUMNS, 0);
    return columns > 0 ? new Terminal(true, columns) : none();
  }

  /** The line, cut to what fits. */
  String fit(String line) {
    return line.length() <= columns ? line : line.substring(0, columns - 1) + "…";
  }
}

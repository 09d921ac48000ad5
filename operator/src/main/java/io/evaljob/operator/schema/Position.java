package io.evaljob.operator.schema;

/**
 * A place in a file.
 *
 * @param line from 1; 0 when the place is not known
 * @param column from 1; 0 when the place is not known
 */
public record Position(int line, int column) {
  /** The place that is not known. */
  public static final Position UNKNOWN = new Position(0, 0);

  /** Whether the place is known. */
  public boolean isKnown() {
    return line > 0;
  }
}

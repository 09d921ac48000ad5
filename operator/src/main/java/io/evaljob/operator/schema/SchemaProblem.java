package io.evaljob.operator.schema;

/**
 * One mistake in a manifest, and what to do about it.
 *
 * @param source file as the user named it; empty for an object that came from no file
 * @param position place in the source, or {@link Position#UNKNOWN}
 * @param path field, for example {@code spec.models[sft].devicesPerProcess}; empty when the mistake
 *     is about the whole document
 * @param value what is written there, shortened; empty when there is nothing to show
 * @param reason what is wrong with it, as the rest of a sentence that starts with path and value
 * @param remedy what to do, in the imperative
 */
public record SchemaProblem(
    String source, Position position, String path, String value, String reason, String remedy) {

  /** One sentence: place, field, value, reason and remedy. */
  public String message() {
    StringBuilder text = new StringBuilder(place());
    if (!text.isEmpty()) {
      text.append(": ");
    }
    text.append(withoutPlace());
    return text.toString();
  }

  /** The sentence of {@link #message()} without file and line. */
  public String withoutPlace() {
    StringBuilder text = new StringBuilder();
    if (!path.isEmpty()) {
      text.append(path).append(": ");
    }
    if (!value.isEmpty()) {
      text.append(value).append(' ');
    }
    return text.append(reason).append("; ").append(remedy).toString();
  }

  /** File, line and column as compilers print them; empty when there is no file. */
  public String place() {
    if (source.isEmpty() || !position.isKnown()) {
      return source;
    }
    return source + ":" + position.line() + ":" + position.column();
  }
}

package io.evaljob.operator.lifecycle;

/**
 * One line of an EvalJob's story, recorded once the status that tells the same is written.
 *
 * @param warning whether a person should look
 * @param reason one word in CamelCase
 * @param message one sentence
 */
public record EventNote(boolean warning, String reason, String message) {

  static EventNote normal(String reason, String message) {
    return new EventNote(false, reason, message);
  }

  static EventNote warning(String reason, String message) {
    return new EventNote(true, reason, message);
  }
}

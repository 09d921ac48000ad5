package io.evaljob.operator.profile;

import java.nio.file.Path;

/** A file of a checkpoint is not what it should be; the message is all that its owner needs. */
public final class CheckpointException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private CheckpointException(String message) {
    super(message);
  }

  /**
   * What is wrong with a file as a whole.
   *
   * @param file the file, or the folder
   * @param why the reason, as the end of a sentence that starts with the file
   * @param remedy what to do, as an imperative
   */
  static CheckpointException of(Path file, String why, String remedy) {
    return new CheckpointException(printable(file + ": " + why + "; " + remedy));
  }

  /**
   * What is wrong at a place of a file.
   *
   * @param file the file
   * @param offset the place, in bytes from the start of the file
   * @param why the reason, as the end of a sentence
   * @param remedy what to do, as an imperative
   */
  static CheckpointException at(Path file, long offset, String why, String remedy) {
    return new CheckpointException(
        printable(file + ", byte " + offset + ": " + why + "; " + remedy));
  }

  /** What stands in a broken file may be anything; a terminal must not obey it. */
  private static String printable(String text) {
    StringBuilder line = new StringBuilder();
    text.codePoints()
        .limit(1000)
        .forEach(
            point -> {
              if (Character.isISOControl(point)
                  || Character.getType(point) == Character.FORMAT
                  || Character.getType(point) == Character.SURROGATE) {
                line.append('?');
              } else {
                line.appendCodePoint(point);
              }
            });
    return line.toString();
  }
}

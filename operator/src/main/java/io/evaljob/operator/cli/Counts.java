package io.evaljob.operator.cli;

/** Numbers of things, written for people. */
final class Counts {

  private Counts() {}

  /** For example {@code 1 process} or {@code 2 processes}. */
  static String of(int number, String noun) {
    if (number == 1) {
      return "1 " + noun;
    }
    return number + " " + noun + (noun.endsWith("s") ? "es" : "s");
  }
}

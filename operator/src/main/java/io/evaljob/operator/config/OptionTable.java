package io.evaljob.operator.config;

/** The option list as the Markdown page that the project's reference holds. */
public final class OptionTable {
  private OptionTable() {}

  /** The whole page, ending in a newline. */
  public static String markdown() {
    StringBuilder page =
        new StringBuilder(
            """
            # Configuration of the operator

            <!-- Generated from Option.java by `mvn -pl operator -am test -Ddocs.update=true`; do not edit. -->

            `evaljob operator` reads these environment variables once, at start. All are optional; an empty value counts as absent.
            A value that cannot be used, or an `EVALJOB_` variable that is not in this list, keeps the operator from starting, and every problem is named at once.

            | variable | value | default | meaning |
            |---|---|---|---|
            """);
    for (Option option : Option.values()) {
      page.append("| `")
          .append(option.variable())
          .append("` | ")
          .append(option.accepted())
          .append(" | ")
          .append(option.defaultValue())
          .append(" | ")
          .append(option.description())
          .append(" |\n");
    }
    return page.toString();
  }
}

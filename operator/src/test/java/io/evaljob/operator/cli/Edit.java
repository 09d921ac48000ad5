package io.evaljob.operator.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Copies of the examples with something changed, so that tests break what users would write. */
final class Edit {

  static final Path EXAMPLES = Path.of("../deploy/examples");

  private Edit() {}

  static String example(String name) {
    return EXAMPLES.resolve(name + ".yaml").toString();
  }

  /**
   * Writes the example with each given text replaced by the one after it.
   *
   * @throws IllegalStateException when a text is not there: the example has changed
   */
  static String copy(Path folder, String name, String... replacements) throws IOException {
    String text = Files.readString(EXAMPLES.resolve(name + ".yaml"));
    for (int i = 0; i < replacements.length; i += 2) {
      if (!text.contains(replacements[i])) {
        throw new IllegalStateException(name + ".yaml has no " + replacements[i]);
      }
      text = text.replace(replacements[i], replacements[i + 1]);
    }
    Path file = folder.resolve(name + ".yaml");
    Files.writeString(
        file, text.replace("./data/", EXAMPLES.toAbsolutePath().normalize() + "/data/"));
    return file.toString();
  }
}

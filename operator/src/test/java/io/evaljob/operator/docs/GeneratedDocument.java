package io.evaljob.operator.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A committed file that is made from the code.
 *
 * <p>With {@code -Ddocs.update=true} the check rewrites the file instead of comparing it.
 */
public final class GeneratedDocument {

  private GeneratedDocument() {}

  /** Fails when the file under {@code operator/docs} is not exactly the given text. */
  public static void check(String relativePath, String expected) throws IOException {
    Path file = Path.of("docs").resolve(relativePath);
    if (Boolean.getBoolean("docs.update")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, expected);
    }
    assertThat(file)
        .as("made from the code; rewrite it with: mvn -pl operator -am test -Ddocs.update=true")
        .exists();
    assertThat(Files.readString(file))
        .as("operator/docs/%s; rewrite it with -Ddocs.update=true", relativePath)
        .isEqualTo(expected);
  }
}

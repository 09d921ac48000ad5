package io.evaljob.operator.testbed;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the files of this project are. */
public final class Checkout {

  private Checkout() {}

  /** The folder of the parent POM; Maven runs tests in a module's folder, an editor may not. */
  public static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve("deploy"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("the working folder is not in a checkout");
      }
    }
    return folder;
  }

  /** Where tests may write. */
  public static Path target() {
    return root().resolve("operator").resolve("target");
  }
}

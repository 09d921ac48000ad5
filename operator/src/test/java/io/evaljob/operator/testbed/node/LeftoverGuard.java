package io.evaljob.operator.testbed.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Ends the processes of a node's pods when this JVM ends without having done so: a shell that reads
 * from it until there is nothing more to read, and then goes by the records of the processes.
 */
final class LeftoverGuard implements AutoCloseable {

  private static final String SCRIPT =
      """
      trap '' INT TERM HUP
      while read -r line; do :; done
      for record in "$1"/pods/*/process; do
        [ -f "$record" ] || continue
        read -r pid <"$record"
        kill -s KILL -- "-$pid"
      done
      """;

  private final Process shell;

  private LeftoverGuard(Process shell) {
    this.shell = shell;
  }

  static LeftoverGuard of(Path state) {
    try {
      return new LeftoverGuard(
          new ProcessBuilder("sh", "-c", SCRIPT, "guard", state.toString())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      shell.getOutputStream().close();
      if (!shell.waitFor(10, TimeUnit.SECONDS)) {
        shell.destroyForcibly();
      }
    } catch (IOException e) {
      shell.destroyForcibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package io.evaljob.operator.sandbox.kubelet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process told apart from a later one that got the same id.
 *
 * @param pid process id, which is also the id of its process group and session
 * @param start when it started, as the wrapper that started it wrote it down: on Linux the boot id
 *     and the ticks since boot, elsewhere what {@code ps -o lstart} prints
 */
record ProcessIdentity(long pid, String start) {

  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  /** Reads the record that the wrapper wrote; empty when there is none or it is cut short. */
  static Optional<ProcessIdentity> read(Path file) {
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      return lines.size() < 2
          ? Optional.empty()
          : Optional.of(new ProcessIdentity(Long.parseLong(lines.get(0).strip()), lines.get(1)));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** True while this very process exists and has not ended. */
  boolean isAlive() {
    return startOf(pid).map(start::equals).orElse(false);
  }

  /** When the process with this id started; empty when there is none, or only its remains. */
  private static Optional<String> startOf(long pid) {
    Path stat = Path.of("/proc/" + pid + "/stat");
    try {
      if (Files.exists(BOOT_ID)) {
        String text = Files.readString(stat, StandardCharsets.ISO_8859_1);
        String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
        return fields[0].equals("Z")
            ? Optional.empty()
            : Optional.of(Files.readString(BOOT_ID).strip() + " " + fields[19]);
      }
      Process ps =
          new ProcessBuilder("ps", "-o", "lstart=", "-p", String.valueOf(pid))
              .redirectErrorStream(true)
              .start();
      String text = new String(ps.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return ps.waitFor(5, TimeUnit.SECONDS) && ps.exitValue() == 0 && !text.isEmpty()
          ? Optional.of(text)
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}

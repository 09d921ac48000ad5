package io.evaljob.operator.sandbox.kubelet;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * Runs programs one after the other to their ends, recorded so that a later run of this JVM can end
 * one that was left over.
 *
 * @param python the interpreter of the wrapper that records
 * @param record file that names the process while it may run
 * @param marker carried by all of its processes
 * @param folder working folder
 * @param variables all of their variables
 */
record RecordedProgram(
    Path python, Path record, String marker, Path folder, Map<String, String> variables) {

  private static final int LAST_LINES = 8;
  private static final long OUTPUT_MILLIS = 5_000;

  /** Listens to a program's output, line by line. */
  interface Lines {
    void line(String text);
  }

  /**
   * Runs one program.
   *
   * @param failure begin of the error message, which ends with the program's last lines
   * @throws EnvironmentException when it exits with another code than 0
   */
  void run(List<String> command, Lines lines, String failure)
      throws IOException, EnvironmentException, InterruptedException {
    Deque<String> last = new ArrayDeque<>();
    LocalProcess process = LocalProcess.start(python, record, command, variables, folder, marker);
    Thread reader = new Thread(() -> read(process, lines, last), "sandbox-install-output");
    reader.setDaemon(true);
    reader.start();
    int code;
    try {
      code = process.await();
      reader.join(OUTPUT_MILLIS);
    } catch (InterruptedException e) {
      process.kill();
      throw e;
    }
    if (code != 0) {
      synchronized (last) {
        throw new EnvironmentException(
            failure + " (exit code " + code + "): " + String.join("\n", last));
      }
    }
  }

  private static void read(LocalProcess process, Lines lines, Deque<String> last) {
    try (BufferedReader text =
        new BufferedReader(new InputStreamReader(process.output(), StandardCharsets.UTF_8))) {
      for (String line = text.readLine(); line != null; line = text.readLine()) {
        lines.line(line);
        synchronized (last) {
          last.addLast(line.strip());
          if (last.size() > LAST_LINES) {
            last.removeFirst();
          }
        }
      }
    } catch (IOException e) {
      // The stream ends with the process; what was read is all there is.
    }
  }
}

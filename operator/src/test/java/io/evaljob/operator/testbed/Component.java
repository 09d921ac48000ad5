package io.evaljob.operator.testbed;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * One program of the control plane. It ends with this JVM, however that ends: a shell stands
 * between them, reads from the JVM, and ends the program when there is no more to read.
 */
final class Component implements OwnPlane.Leashed {

  private static final String GUARD =
      """
      log=$1; shift
      exec 3<&0
      "$@" </dev/null >>"$log" 2>&1 3<&- &
      pid=$!
      echo "$pid"
      exec >/dev/null
      {
        read -r how || how=TERM
        kill -s "$how" "$pid"
        sleep 10
        kill -s KILL "$pid"
      } <&3 &
      reader=$!
      wait "$pid"
      kill "$reader"
      """;

  private final String name;
  private final Path log;
  private final Process guard;
  private final long pid;

  private Component(String name, Path log, Process guard, long pid) {
    this.name = name;
    this.log = log;
    this.guard = guard;
    this.pid = pid;
  }

  /**
   * Starts a program.
   *
   * @param log appended to
   */
  static Component start(String name, Path log, List<String> command) {
    return start(name, log, command, Map.of());
  }

  /**
   * Starts a program with variables of its own.
   *
   * @param log appended to
   * @param environment all it gets, beside PATH; what this process has, where it is empty
   */
  static Component start(
      String name, Path log, List<String> command, Map<String, String> environment) {
    List<String> whole = new ArrayList<>(List.of("sh", "-c", GUARD, "guard", log.toString()));
    whole.addAll(command);
    try {
      ProcessBuilder builder =
          new ProcessBuilder(whole).redirectError(ProcessBuilder.Redirect.DISCARD);
      if (!environment.isEmpty()) {
        builder.environment().keySet().retainAll(Set.of("PATH"));
        builder.environment().putAll(environment);
      }
      Process guard = builder.start();
      BufferedReader said =
          new BufferedReader(new InputStreamReader(guard.getInputStream(), StandardCharsets.UTF_8));
      String pid = said.readLine();
      if (pid == null) {
        throw new IllegalStateException("cannot start " + command.get(0));
      }
      return new Component(name, log, guard, Long.parseLong(pid));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String name() {
    return name;
  }

  Path log() {
    return log;
  }

  @Override
  public long pid() {
    return pid;
  }

  @Override
  public boolean isAlive() {
    return guard.isAlive();
  }

  /** The end of the log, for a message. */
  String tail() {
    try {
      List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
      return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    } catch (IOException e) {
      return "";
    }
  }

  /** Ends it by SIGTERM, by SIGKILL when it does not end; waits. */
  @Override
  public void close() {
    end("TERM");
  }

  /** Ends it by SIGKILL, as a crash would; waits. */
  void kill() {
    end("KILL");
  }

  private void end(String how) {
    try {
      guard.getOutputStream().write((how + "\n").getBytes(StandardCharsets.UTF_8));
      guard.getOutputStream().close();
    } catch (IOException e) {
      // The guard has ended, and with it the program.
    }
    try {
      if (!guard.waitFor(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException(name + " did not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

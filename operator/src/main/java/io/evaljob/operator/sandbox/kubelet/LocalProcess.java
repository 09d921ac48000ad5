package io.evaljob.operator.sandbox.kubelet;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A program in a session of its own, so that it can be ended with all it started.
 *
 * <p>A small Python wrapper makes the session, writes down id and start time, and only then becomes
 * the program: no process ever runs without a record, even if this JVM is killed in between.
 */
final class LocalProcess {

  private static final long POLL_MILLIS = 20;

  private static final String WRAPPER =
      """
      import os, subprocess, sys
      os.setsid()
      pid = os.getpid()
      try:
          with open('/proc/sys/kernel/random/boot_id') as f:
              boot = f.read().strip()
          with open('/proc/%d/stat' % pid) as f:
              start = boot + ' ' + f.read().rpartition(')')[2].split()[19]
      except OSError:
          start = subprocess.check_output(['ps', '-o', 'lstart=', '-p', str(pid)]).decode().strip()
      record = sys.argv[1]
      with open(record + '.next', 'w') as f:
          f.write('%d\\n%s\\n' % (pid, start))
          f.flush()
          os.fsync(f.fileno())
      os.rename(record + '.next', record)
      try:
          os.execvp(sys.argv[2], sys.argv[2:])
      except OSError as e:
          sys.stderr.write('cannot start %s: %s\\n' % (sys.argv[2], e.strerror))
          sys.stderr.flush()
          os._exit(127)
      """;

  private final Process process;
  private final ProcessTree tree;

  private LocalProcess(Process process, ProcessTree tree) {
    this.process = process;
    this.tree = tree;
  }

  /**
   * Starts {@code command}.
   *
   * @param python the interpreter for the wrapper
   * @param record file that names the process while it may run
   * @param environment all of the process's variables; nothing is inherited
   * @throws IOException when the wrapper cannot be started
   */
  static LocalProcess start(
      Path python,
      Path record,
      List<String> command,
      Map<String, String> environment,
      Path folder,
      String marker)
      throws IOException {
    List<String> words = new ArrayList<>();
    words.addAll(List.of(python.toString(), "-I", "-S", "-c", WRAPPER, record.toString()));
    words.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .directory(folder.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().put(ProcessTree.MARKER, marker);
    Files.deleteIfExists(record);
    Process process = builder.start();
    return new LocalProcess(process, new ProcessTree(process.pid(), marker));
  }

  /** Standard output and standard error, mixed. */
  InputStream output() {
    return process.getInputStream();
  }

  /** Asks the program and its group to end, by SIGTERM. */
  void terminate() {
    tree.terminate();
  }

  /** Sends SIGKILL to the whole tree. */
  void kill() {
    tree.kill();
  }

  /**
   * Waits for the program's end, then ends whatever it left behind, as a container would. The
   * record stays: the caller deletes it once the end is kept elsewhere.
   *
   * @return its exit code; 128 + n after signal n
   */
  int await() throws InterruptedException {
    int code = process.waitFor();
    tree.kill();
    return code;
  }

  /** Completed when the program has ended. */
  CompletableFuture<Process> onExit() {
    return process.onExit();
  }

  /**
   * Ends a process tree of an earlier run, if it is still there.
   *
   * @param record file that the wrapper wrote
   * @return true when something still ran
   */
  static boolean endLeftover(Path record, String marker, Duration grace)
      throws InterruptedException {
    boolean ran = false;
    var identity = ProcessIdentity.read(record);
    if (identity.isPresent() && identity.get().isAlive()) {
      ran = true;
      ProcessTree tree = new ProcessTree(identity.get().pid(), marker);
      tree.terminate();
      long end = System.nanoTime() + grace.toNanos();
      // Not a child of this JVM, so there is nothing to wait on; its parent may even be one that
      // leaves it as a zombie.
      while (identity.get().isAlive() && System.nanoTime() < end) {
        Thread.sleep(POLL_MILLIS);
      }
      if (identity.get().isAlive()) {
        tree.kill();
      }
    }
    ProcessTree.killMarked(marker);
    return ran;
  }

  /** Reads a short program's whole output; for questions to an interpreter. */
  static String ask(List<String> command, Map<String, String> environment) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + " failed: " + text.strip());
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return text.strip();
  }
}

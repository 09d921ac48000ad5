package io.evaljob.operator.sandbox.kubelet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All processes of one pod: the group of its first process, their descendants, and on Linux every
 * process that carries the pod's marker in its environment, even one in a session of its own whose
 * parent is gone.
 */
final class ProcessTree {

  /**
   * Variable in the environment of every process of a pod. It does not begin as our own variables
   * do: an operator in a pod refuses one of those that it does not know.
   */
  static final String MARKER = "SANDBOX_POD";

  private static final Logger LOG = LoggerFactory.getLogger(ProcessTree.class);
  private static final Path PROC = Path.of("/proc");

  private final long leader;
  private final String marker;

  ProcessTree(long leader, String marker) {
    this.leader = leader;
    this.marker = marker;
  }

  /** Asks the group of the first process to end; who has a session of its own is its affair. */
  void terminate() {
    shell("kill -s TERM -- -" + leader);
  }

  /** Ends every process of the tree at once. */
  void kill() {
    Set<Long> pids = marked(marker);
    ProcessHandle.of(leader)
        .ifPresent(handle -> handle.descendants().forEach(child -> pids.add(child.pid())));
    StringBuilder script = new StringBuilder("kill -s KILL -- -" + leader);
    pids.forEach(pid -> script.append("; kill -s KILL ").append(pid));
    shell(script.toString());
  }

  /** Ends every process with this marker at once. */
  static void killMarked(String marker) {
    StringBuilder script = new StringBuilder();
    marked(marker).forEach(pid -> script.append("kill -s KILL ").append(pid).append("; "));
    if (!script.isEmpty()) {
      shell(script.toString());
    }
  }

  /** Java can signal neither groups nor with SIGKILL alone; the shell's own kill can. */
  private static void shell(String script) {
    try {
      Process shell =
          new ProcessBuilder("/bin/sh", "-c", "{ " + script + "\n:; } 2>/dev/null")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!shell.waitFor(10, TimeUnit.SECONDS)) {
        LOG.warn("{} took too long", script);
      }
    } catch (IOException e) {
      LOG.warn("{} failed", script, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Set<Long> marked(String marker) {
    Set<Long> pids = new LinkedHashSet<>();
    if (!Files.isDirectory(PROC.resolve("self"))) {
      return pids;
    }
    String entry = MARKER + "=" + marker;
    long self = ProcessHandle.current().pid();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        long pid = Long.parseLong(process.getFileName().toString());
        if (pid != self && hasEntry(process.resolve("environ"), entry)) {
          pids.add(pid);
        }
      }
    } catch (IOException e) {
      LOG.debug("cannot list processes", e);
    }
    return pids;
  }

  private static boolean hasEntry(Path environ, String entry) {
    try {
      String text = Files.readString(environ, StandardCharsets.ISO_8859_1);
      return text.startsWith(entry + "\0") || text.contains("\0" + entry + "\0");
    } catch (IOException e) {
      return false;
    }
  }
}

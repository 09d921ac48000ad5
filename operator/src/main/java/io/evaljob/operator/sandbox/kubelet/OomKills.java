package io.evaljob.operator.sandbox.kubelet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Counts the processes that the kernel killed for memory on this machine. */
@FunctionalInterface
interface OomKills {

  /** How many so far; 0 where the kernel does not say. */
  long count();

  /** Reads the counters of the kernel and of this process's own control group. */
  static OomKills ofThisMachine() {
    return of(List.of(Path.of("/proc/vmstat"), Path.of("/sys/fs/cgroup/memory.events")));
  }

  /**
   * Adds up the lines {@code oom_kill <count>} of these files; one that is missing adds nothing.
   */
  static OomKills of(List<Path> sources) {
    return () -> {
      long sum = 0;
      for (Path source : sources) {
        try {
          for (String line : Files.readAllLines(source)) {
            if (line.startsWith("oom_kill ")) {
              sum += Long.parseLong(line.substring("oom_kill ".length()).strip());
            }
          }
        } catch (IOException e) {
          // Not Linux, or not this kind of control group.
        }
      }
      return sum;
    };
  }
}

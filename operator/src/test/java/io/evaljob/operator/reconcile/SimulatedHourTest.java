package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * An hour of a busy cluster with faults; {@link SimulatedHour} checks what must hold at every
 * event. With {@code -Ddocs.update=true} the plots of the report on quotas are written anew.
 */
class SimulatedHourTest {

  static final int JOBS = 2000;
  static final long SEED = 20261123;

  private static final Path IMAGES = Path.of("docs/images");

  @Test
  void anHourWithFaultsLeavesNothingBehind() throws IOException {
    SimulatedHour hour = new SimulatedHour(SEED);

    hour.run(JOBS);
    if (Boolean.getBoolean("docs.update")) {
      System.out.println(
          "processor time of this thread: "
              + ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1_000_000
              + " ms");
    }

    SimulatedHour.Tally tally = hour.tally();
    assertThat(tally.of("jobs")).isEqualTo(JOBS);
    assertThat(tally.of("ended Succeeded")).isGreaterThan(JOBS * 8 / 10);
    assertThat(
            List.of(
                "crashes",
                "node losses",
                "quota edits",
                "failed attempts",
                "deletions",
                "deletions by TTL",
                "suspensions",
                "moves between queues",
                "models with a larger plan",
                "pods that never started",
                "evictions by Kueue",
                "ended Failed",
                "conflicts",
                "passes of a second leader",
                "decisions of the quota that were checked"))
        .as("faults that came")
        .allMatch(fault -> tally.of(fault) > 0);
    if (Boolean.getBoolean("docs.update")) {
      Files.writeString(IMAGES.resolve("quota-devices.svg"), SimulatedHourPlots.devices(tally));
      Files.writeString(IMAGES.resolve("quota-waits.svg"), SimulatedHourPlots.waits(tally));
      System.out.println(tally.counts);
      tally.waits.forEach(
          (priority, waits) ->
              System.out.printf(
                  "priority %d: median %d, 95th of 100 %d, longest %d s%n",
                  priority,
                  SimulatedHourPlots.at(waits, 50),
                  SimulatedHourPlots.at(waits, 95),
                  SimulatedHourPlots.at(waits, 100)));
    }
  }
}

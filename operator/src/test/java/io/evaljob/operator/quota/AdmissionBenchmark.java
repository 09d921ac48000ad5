package io.evaljob.operator.quota;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Times one decision over 10,000 waiting models of 200 namespaces, beside a full ledger, and prints
 * what it took; run by {@code operator/bench/run --quota}.
 */
public final class AdmissionBenchmark {
  private static final String GPU = "nvidia.com/gpu";
  private static final Instant NOW = Instant.parse("2026-11-23T15:00:00Z");
  private static final int WAITING = 10_000;
  private static final int CHARGED = 2000;
  private static final int WARM_UP = 200;
  private static final int ROUNDS = 500;

  private AdmissionBenchmark() {}

  /** Prints median and 99th percentile in milliseconds. */
  public static void main(String[] arguments) {
    Snapshot snapshot = snapshot(new Random(7));
    long[] took = new long[ROUNDS];
    int granted = 0;
    for (int i = -WARM_UP; i < ROUNDS; i++) {
      long start = System.nanoTime();
      Decision decision = Admission.decide(snapshot);
      long end = System.nanoTime();
      granted = decision.granted().size();
      if (i >= 0) {
        took[i] = end - start;
      }
    }
    Arrays.sort(took);
    System.out.printf(
        Locale.ROOT,
        "A decision over %d waiting models and %d charges (%d granted): best %.1f ms, median %.1f"
            + " ms, p99 %.1f ms"
            + " (%d decisions, JDK %s, %d processors)%n",
        WAITING,
        CHARGED,
        granted,
        took[0] / 1e6,
        took[ROUNDS / 2] / 1e6,
        took[ROUNDS * 99 / 100] / 1e6,
        ROUNDS,
        System.getProperty("java.version"),
        Runtime.getRuntime().availableProcessors());
  }

  private static Snapshot snapshot(Random random) {
    List<Demand> waiting = new ArrayList<>();
    List<Charge> charges = new ArrayList<>();
    for (int i = 0; i < WAITING; i++) {
      Instant since = NOW.minusSeconds(random.nextInt(550));
      waiting.add(
          new Demand(
              key("waits-" + i),
              "namespace-" + i % 200,
              "job-" + i,
              GPU,
              1 << random.nextInt(4),
              random.nextInt(3),
              since,
              since));
    }
    for (int i = 0; i < CHARGED; i++) {
      charges.add(new Charge(key("runs-" + i), "namespace-" + i % 200, "run-" + i, GPU, 4, NOW));
    }
    Set<String> namespaces =
        IntStream.range(0, 200).mapToObj(i -> "namespace-" + i).collect(Collectors.toSet());
    Limits limits =
        new Limits(Map.of(GPU, 4 * CHARGED + 64), Map.of(GPU, 60), Duration.ofMinutes(10));
    return new Snapshot(limits, namespaces, charges, waiting, charges, NOW);
  }

  private static AttemptKey key(String uid) {
    return new AttemptKey(uid, 1, "model", 1);
  }
}

package io.evaljob.operator.bench;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.testbed.PatientAwaits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The benchmark on a real control plane. It takes its settings from system properties {@code
 * bench.*}, which {@code operator/bench/run} sets from its options.
 */
@SuppressWarnings("try") // what is closed at the end of a block need not be named in it
public final class ClusterBenchmark {

  private static final int STARTS = 7;

  private final Path root = Path.of(System.getProperty("bench.root"));
  private final int jobs = Integer.getInteger("bench.jobs", 1000);
  private final int present = Integer.getInteger("bench.present", 10_000);
  private final Set<Part> parts = parts(System.getProperty("bench.parts", ""));
  private final Figures figures = new Figures();
  private final BenchCluster cluster;
  private final Jvms jvms;

  private ClusterBenchmark(BenchCluster cluster) {
    this.cluster = cluster;
    jvms = new Jvms(root, cluster);
  }

  /** What can be left out. */
  private enum Part {
    /** Start and size of the process. */
    START,
    /** Requests of one EvalJob. */
    REQUESTS,
    /** From a cause to {@code status.waiting}. */
    WAITING,
    /** EvalJobs applied at once, against the bare client. */
    APPLIED,
    /** Size and latency with many EvalJobs present. */
    PRESENT
  }

  private static Set<Part> parts(String names) {
    return names.isEmpty()
        ? EnumSet.allOf(Part.class)
        : Arrays.stream(names.split(",", -1))
            .map(name -> Part.valueOf(name.toUpperCase(Locale.ROOT)))
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(Part.class)));
  }

  /** Runs everything and writes the table. */
  public static void main(String[] args) throws Exception {
    PatientAwaits.apply();
    endWithParent();
    long began = System.nanoTime();
    int exit = 0;
    try (BenchCluster cluster = BenchCluster.start()) {
      ClusterBenchmark benchmark = new ClusterBenchmark(cluster);
      try {
        benchmark.run();
      } catch (Exception e) {
        // What was measured before is worth its place.
        e.printStackTrace();
        benchmark.figures.brokenOff(e);
        exit = 1;
      }
      new Document(Path.of(System.getProperty("bench.out")))
          .write(
              benchmark.figures.document(
                  benchmark.jobs, benchmark.present, Duration.ofNanos(System.nanoTime() - began)));
    }
    // Threads of an operator that ran in here would keep it alive.
    System.exit(exit);
  }

  /** Whoever started this may be killed; nobody would wait for the figures then. */
  private static void endWithParent() {
    ProcessHandle.current()
        .parent()
        .ifPresent(
            parent -> {
              var unused = parent.onExit().thenRun(() -> Runtime.getRuntime().halt(1));
            });
  }

  private void run() throws Exception {
    if (parts.contains(Part.START)) {
      starts();
    }
    OperatorUnderTest.Jvm jvm = jvms.first();
    OneLife life = new OneLife(cluster);
    AppliedAtOnce atOnce = new AppliedAtOnce(cluster, jobs, figures);
    if (parts.contains(Part.APPLIED)) {
      atOnce.floor();
    }
    EvalJob finished;
    try (OperatorUnderTest operator = OperatorUnderTest.start(cluster, root, jvm);
        FakeRunners runners = new FakeRunners(cluster.admin(), operator.reportEndpoint())) {
      finished = life.first();
      if (parts.contains(Part.REQUESTS)) {
        figures.oneLife(life.requests());
      }
      if (parts.contains(Part.WAITING)) {
        figures.waiting(new WaitingShown(cluster).measure());
      }
      if (parts.contains(Part.APPLIED)) {
        atOnce.apply(operator, runners);
      }
    }
    if (parts.contains(Part.APPLIED)) {
      try (OperatorUnderTest operator = OperatorUnderTest.start(cluster, root, jvm)) {
        atOnce.resync();
      }
    }
    if (parts.contains(Part.PRESENT)) {
      ManyPresent many = new ManyPresent(cluster, figures);
      many.populate(finished, present);
      try (OperatorUnderTest operator = OperatorUnderTest.start(cluster, root, jvm)) {
        many.measure(operator);
      }
    }
  }

  /** Start to ready, and the size of an operator that has nothing to do. */
  private void starts() throws Exception {
    for (Map.Entry<String, OperatorUnderTest.Jvm> jvm : jvms.withArchives().entrySet()) {
      List<Duration> starts = new ArrayList<>();
      List<Long> sizes = new ArrayList<>();
      for (int i = 0; i < STARTS; i++) {
        try (OperatorUnderTest operator = OperatorUnderTest.start(cluster, root, jvm.getValue())) {
          starts.add(operator.start());
          Thread.sleep(5_000);
          sizes.add(operator.resident());
        }
      }
      starts.sort(null);
      sizes.sort(null);
      figures.start(jvm.getKey(), starts.get(STARTS / 2), starts.get(0), sizes.get(STARTS / 2));
    }
  }
}

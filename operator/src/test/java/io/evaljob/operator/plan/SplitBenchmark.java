package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Time of one whole plan of 100 layers over 16 devices, in microseconds. Run it with {@code mvn -q
 * -pl operator -am -Pbench -DskipTests verify}. The median (p0.50) is the figure to read: the mean
 * also counts the time in which other programs have the processor.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SplitBenchmark {

  private static final int LAYERS = 100;
  private static final int DEVICES = 16;
  private static final long GIB = 1L << 30;

  /**
   * The case.
   *
   * <ul>
   *   <li>equal: equal layers on equal devices
   *   <li>uneven: every layer and every device of another size
   *   <li>tower: a tower so heavy that the layers may be cut almost anywhere
   *   <li>tight: unequal devices of which some cannot hold the greatest layer
   * </ul>
   */
  @Param({"equal", "uneven", "tower", "tight"})
  public String model;

  private PlanRequest request;

  /** Makes the request. */
  @Setup
  public void setUp() {
    Random random = new Random(42);
    List<Block> blocks = new ArrayList<>();
    long tower = model.equals("tower") ? 200 * GIB : 11 * GIB;
    blocks.add(new Block(Role.Vision, 1, tower, 0, List.of("vision_model")));
    blocks.add(new Block(Role.Connector, 1, GIB / 3, 0, List.of("mlp1")));
    blocks.add(new Block(Role.Embedding, 1, 2 * GIB, 0, List.of("model.embed_tokens")));
    if (model.equals("equal")) {
      blocks.add(new Block(Role.Layers, LAYERS, 2 * GIB, 4096, List.of("model.layers")));
    } else {
      for (int layer = 0; layer < LAYERS; layer++) {
        long bytes = GIB + random.nextLong(GIB);
        boolean giant = model.equals("tight") && layer % 25 == 7;
        blocks.add(
            new Block(Role.Layers, 1, giant ? 30 * GIB : bytes, 4096, List.of("model.layers")));
      }
    }
    blocks.add(new Block(Role.Norm, 1, 16_384, 0, List.of("model.norm")));
    blocks.add(new Block(Role.Head, 1, 2 * GIB, 0, List.of("lm_head")));
    ModelFacts facts =
        new ModelFacts(
            model,
            blocks,
            OptionalInt.empty(),
            OptionalInt.empty(),
            List.of(),
            false,
            new Activations(3 * GIB, 608_256, GIB));
    Requests requests =
        Requests.splittable(facts)
            .devices(DEVICES)
            .split(new SplitRequest(SplitStrategy.Layers, 8192, 10));
    List<Long> memories = new ArrayList<>();
    for (int device = 0; device < DEVICES; device++) {
      long memory = 60 * GIB + random.nextLong(40 * GIB);
      memories.add(model.equals("tight") && device % 3 == 1 ? 25 * GIB : memory);
    }
    boolean machine = model.equals("uneven") || model.equals("tight");
    request = (machine ? requests.machine(memories) : requests.minMemory(300 * GIB)).request();
    if (!(Planner.plan(request) instanceof PlanResult.Planned planned)
        || planned.plan().devicesPerProcess() != DEVICES) {
      throw new IllegalStateException("not planned over all devices: " + Planner.plan(request));
    }
  }

  /** One plan. */
  @Benchmark
  public PlanResult plan() {
    return Planner.plan(request);
  }

  /**
   * Runs all cases and prints the table.
   *
   * @param args none
   * @throws RunnerException when a case cannot be run
   */
  public static void main(String[] args) throws RunnerException {
    new Runner(
            new OptionsBuilder()
                .include(SplitBenchmark.class.getName())
                .forks(1)
                .warmupIterations(4)
                .warmupTime(TimeValue.seconds(2))
                .measurementIterations(5)
                .measurementTime(TimeValue.seconds(1))
                .build())
        .run();
  }
}

package io.evaljob.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The split is the one that trying out every cut finds best. */
class SplitExactTest {

  @Property(tries = 3000, edgeCases = EdgeCasesMode.NONE)
  void equalsBruteForceWithFewDistinctSizes(
      @ForAll("manyTies") SmallModel model, @ForAll("smallMemories") List<Long> memories) {
    check(model, memories);
  }

  @Property(tries = 2000, edgeCases = EdgeCasesMode.NONE)
  void equalsBruteForceWithRealSizes(
      @ForAll("realSizes") SmallModel model, @ForAll("realMemories") List<Long> memories) {
    check(model, memories);
  }

  @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE)
  void equalsBruteForceOnEqualDevices(@ForAll("realSizes") SmallModel model) {
    for (int devices = 2; devices <= 5; devices++) {
      check(
          model,
          List.of(80L << 30, 80L << 30, 80L << 30, 80L << 30, 80L << 30).subList(0, devices));
    }
  }

  /** Memory that nothing exceeds and that is not compared: the same best cut. */
  @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE)
  void equalsBruteForceWithoutKnownMemory(@ForAll("manyTies") SmallModel model) {
    int devices = Math.min(4, model.layers().size() + 1);
    List<Long> equal = new ArrayList<>();
    for (int device = 0; device < devices; device++) {
      equal.add(1L << 50);
    }
    BruteForce.Cut expected = new BruteForce(model, equal).best().orElseThrow();
    ModelPlan plan = Requests.splittable(model.facts()).devices(devices).planned();
    assertThat(plan.notes()).anyMatch(note -> note.contains("memory is not checked"));
    same(plan, model, 0, expected, List.of());
  }

  /** Same least headroom and load on device 0, but the head on the last device evens the rest. */
  @Example
  void squaresDecideBeforeTheCutVector() {
    SmallModel model = new SmallModel(List.of(0L), 0, 2, List.of(3L, 5L, 2L), 0, 3, false, 0, 0, 0);
    BruteForce.Cut best = new BruteForce(model, List.of(31L, 29L, 31L)).best().orElseThrow();
    assertThat(best.cuts()).containsExactly(1, 2);
    assertThat(best.head()).isEqualTo(2);
    check(model, List.of(31L, 29L, 31L));
  }

  private static void check(SmallModel model, List<Long> memories) {
    Requests request =
        Requests.splittable(model.facts()).machine(memories).devices(memories.size());
    // Where not every device can be used, those before the last are.
    for (int devices = memories.size(); devices >= 1; devices--) {
      List<Long> used = memories.subList(0, devices);
      BruteForce force = new BruteForce(model, used);
      Optional<BruteForce.Cut> best = force.best();
      boolean whole = devices == 1 && force.towerBlocksInChain() > 0;
      if (best.isPresent() && best.get().least() >= 0 && !whole) {
        ModelPlan plan = request.planned();
        assertThat(plan.devicesPerProcess()).isEqualTo(devices);
        if (devices > 1) {
          same(plan, model, force.towerBlocksInChain(), best.get(), used);
        }
        return;
      }
    }
    assertThat(request.refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.ModelTooLarge);
  }

  private static void same(
      ModelPlan plan, SmallModel model, int moved, BruteForce.Cut expected, List<Long> capacities) {
    assertThat(plan.strategy()).isEqualTo(PlannedStrategy.Layers);
    SplitPlan split = plan.split().orElseThrow();
    List<Integer> chain = new ArrayList<>();
    for (int block = model.vision().size() - moved; block < model.vision().size(); block++) {
      chain.add(device(split, "vision.part" + block, 0));
    }
    for (int layer = 0; layer < model.layers().size(); layer++) {
      chain.add(device(split, "layers", layer));
    }
    List<Integer> cuts = new ArrayList<>();
    for (int device = 1; device < expected.loads().size(); device++) {
      int before = device;
      cuts.add((int) chain.stream().filter(each -> each < before).count());
    }
    assertThat(cuts).isEqualTo(expected.cuts());
    assertThat(chain).isSorted();
    assertThat(device(split, "norm", 0)).isEqualTo(expected.head());
    assertThat(device(split, "head", 0)).isEqualTo(expected.head());
    assertThat(split.devices()).extracting(DeviceLoad::loadBytes).isEqualTo(expected.loads());
    if (!capacities.isEmpty()) {
      assertThat(split.devices()).extracting(DeviceLoad::capacityBytes).isEqualTo(capacities);
    }
  }

  private static int device(SplitPlan split, String module, int index) {
    return split.assignments().stream()
        .filter(each -> each.moduleNames().contains(module))
        .filter(each -> each.first() <= index && index < each.first() + each.count())
        .map(Assignment::device)
        .findFirst()
        .orElseThrow();
  }

  @Provide
  Arbitrary<SmallModel> manyTies() {
    return models(Arbitraries.longs().between(0, 4), 12);
  }

  @Provide
  Arbitrary<SmallModel> realSizes() {
    return models(
        Arbitraries.oneOf(
            Arbitraries.longs().between(0, 6_000_000_000L),
            Arbitraries.of(0L, 1_755_369_472L, 2_485_026_816L, 11_072_992_000L)),
        9);
  }

  private static Arbitrary<SmallModel> models(Arbitrary<Long> size, int mostLayers) {
    return Combinators.combine(
            size.list().ofMinSize(0).ofMaxSize(4),
            size,
            size.list().ofMinSize(1).ofMaxSize(mostLayers),
            size.list().ofSize(4),
            Arbitraries.of(true, false, false),
            size.list().ofSize(2))
        .as(
            (vision, embedding, layers, fixed, tied, activations) ->
                new SmallModel(
                    vision,
                    fixed.get(0),
                    embedding,
                    layers,
                    fixed.get(1),
                    fixed.get(2),
                    tied,
                    activations.get(0),
                    fixed.get(3),
                    activations.get(1)));
  }

  @Provide
  Arbitrary<List<Long>> smallMemories() {
    return Arbitraries.longs().between(1, 40).list().ofMinSize(1).ofMaxSize(5);
  }

  @Provide
  Arbitrary<List<Long>> realMemories() {
    return Arbitraries.longs().between(1L << 30, 96L << 30).list().ofMinSize(1).ofMaxSize(5);
  }
}

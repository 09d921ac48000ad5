package io.evaljob.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Splits of released models: all placed, no device empty, none above the best possible load. */
class RealModelsTest {

  @Test
  void everyModelIsSplitOverEveryCount() throws IOException {
    Map<String, ModelFacts> models = models();
    assertThat(models).hasSize(52);
    models.forEach(
        (name, facts) -> {
          for (int devices : List.of(2, 3, 4, 6, 8, 16)) {
            check(name, facts, devices);
          }
        });
  }

  @Test
  void towerIsCutAtItsOwnBlocksOnlyWhereItDoesNotFit() throws IOException {
    ModelFacts facts = models().get("InternVL2-26B");
    Requests request = Requests.splittable(facts).devices(8);

    List<Assignment> whole =
        request.minMemory(14L << 30).planned().split().orElseThrow().assignments();
    assertThat(whole)
        .filteredOn(each -> each.role() == Role.Vision)
        .containsExactly(
            new Assignment(Role.Vision, List.of("vision_model"), 0, 1, 0, 10_336_000L),
            new Assignment(
                Role.Vision, List.of("vision_model.encoder.layers"), 0, 1, 0, 45 * 245_836_800L));
    List<Assignment> cut =
        request.minMemory(9L << 30).planned().split().orElseThrow().assignments();
    List<Assignment> tower = cut.stream().filter(each -> each.role() == Role.Vision).toList();
    assertThat(tower.get(0).moduleNames()).containsExactly("vision_model");
    assertThat(tower.get(0).device()).isZero();
    List<Assignment> blocks = tower.subList(1, tower.size());
    assertThat(blocks)
        .hasSizeGreaterThan(1)
        .allSatisfy(
            each -> assertThat(each.moduleNames()).containsExactly("vision_model.encoder.layers"));
    int next = 0;
    for (Assignment each : blocks) {
      assertThat(each.first()).isEqualTo(next);
      assertThat(each.bytes()).isEqualTo(each.count() * 245_836_800L);
      next += each.count();
    }
    assertThat(next).isEqualTo(45);
    assertThat(blocks).extracting(Assignment::device).isSorted();
    assertThat(cut)
        .filteredOn(each -> each.role() == Role.Connector || each.role() == Role.Embedding)
        .allSatisfy(each -> assertThat(each.device()).isZero());
  }

  /** The fullest device has as much room left as any cut can leave it. */
  @Test
  void leastHeadroomOnUnequalDevicesIsTheGreatestPossible() throws IOException {
    models()
        .forEach(
            (name, facts) -> {
              for (int devices : List.of(2, 3, 4, 8)) {
                List<Long> memories = unequal(facts, devices);
                List<DeviceLoad> loads =
                    Requests.splittable(facts)
                        .machine(memories)
                        .devices(devices)
                        .strategy(SplitStrategy.Layers)
                        .planned()
                        .split()
                        .orElseThrow()
                        .devices();
                assertThat(
                        loads.stream()
                            .mapToLong(load -> load.capacityBytes() - load.loadBytes())
                            .min())
                    .as(name + " on " + devices)
                    .hasValue(
                        -optimum(facts, memories.stream().mapToLong(Long::longValue).toArray()));
              }
            });
  }

  /** Twice the model's size, on devices of 5 and 3 parts by turns, whose first holds the tower. */
  private static List<Long> unequal(ModelFacts facts, int devices) {
    long total = facts.blocks().stream().mapToLong(block -> block.count() * block.bytes()).sum();
    List<Long> memories = new ArrayList<>();
    for (int device = 0; device < devices; device++) {
      memories.add(total / (2L * devices) * (device % 2 == 0 ? 5 : 3));
    }
    memories.set(0, memories.get(0) + total);
    return memories;
  }

  private static void check(String name, ModelFacts facts, int devices) {
    ModelPlan plan = Requests.splittable(facts).devices(devices).planned();
    SplitPlan split = plan.split().orElseThrow();
    String what = name + " on " + devices;

    assertThat(plan.devicesPerProcess()).as(what).isEqualTo(devices);
    long total = facts.blocks().stream().mapToLong(block -> block.count() * block.bytes()).sum();
    assertThat(split.devices().stream().mapToLong(DeviceLoad::weightsBytes).sum())
        .as(what)
        .isEqualTo(total);
    assertThat(split.devices())
        .as(what)
        .allSatisfy(device -> assertThat(device.weightsBytes()).isPositive());
    layersInOrder(facts, split, what);
    long greatest = split.devices().stream().mapToLong(DeviceLoad::loadBytes).max().orElseThrow();
    assertThat(greatest).as(what).isEqualTo(optimum(facts, new long[devices]));
    // With just that much memory it still fits; with one byte less it does not.
    assertThat(Requests.splittable(facts).devices(devices).minMemory(greatest).planned().split())
        .contains(withCapacity(split, greatest));
    if (split.assignments().stream()
        .noneMatch(each -> each.role() == Role.Layers && each.device() == 0)) {
      return; // The tower alone fills device 0, so with less memory the tower is cut.
    }
    Requests less = Requests.splittable(facts).devices(devices).minMemory(greatest - 1);
    assertThat(less.refused())
        .as(what)
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.ModelTooLarge);
  }

  /** Every layer once, numbered on, on devices that never go back. */
  private static void layersInOrder(ModelFacts facts, SplitPlan split, String what) {
    int next = 0;
    int device = 0;
    for (Assignment each : split.assignments()) {
      if (each.role() == Role.Layers) {
        assertThat(each.first()).as(what).isEqualTo(next);
        assertThat(each.device()).as(what).isGreaterThanOrEqualTo(device);
        next += each.count();
        device = each.device();
      } else if (each.role() != Role.Norm && each.role() != Role.Head) {
        assertThat(each.device()).as(what).isZero();
      }
    }
    int layers =
        facts.blocks().stream()
            .filter(block -> block.role() == Role.Layers)
            .mapToInt(Block::count)
            .sum();
    assertThat(next).as(what).isEqualTo(layers);
  }

  private static SplitPlan withCapacity(SplitPlan split, long capacity) {
    List<DeviceLoad> devices =
        split.devices().stream()
            .map(
                each ->
                    new DeviceLoad(each.index(), each.weightsBytes(), each.loadBytes(), capacity))
            .toList();
    return new SplitPlan(split.assignments(), devices, Map.of(), 1);
  }

  /** Least greatest load beyond capacity, by the textbook dynamic program over every cut. */
  private static long optimum(ModelFacts facts, long[] capacity) {
    long first = 0;
    long head = 0;
    List<Long> layers = new ArrayList<>();
    for (Block block : facts.blocks()) {
      switch (block.role()) {
        case Vision, Connector, Embedding -> first += block.count() * block.bytes();
        case Norm, Head -> head += block.count() * block.bytes();
        case Layers -> {
          for (int layer = 0; layer < block.count(); layer++) {
            layers.add(block.bytes());
          }
        }
      }
    }
    long onFirst = optimum(layers, capacity, first + head, 0);
    return facts.tiedHead() ? onFirst : Math.min(onFirst, optimum(layers, capacity, first, head));
  }

  private static long optimum(List<Long> layers, long[] capacity, long first, long last) {
    int blocks = layers.size();
    int devices = capacity.length;
    long[] best = new long[blocks + 1];
    long load = first - capacity[0];
    for (int end = 0; end <= blocks; end++) {
      best[end] = load;
      load += end < blocks ? layers.get(end) : 0;
    }
    for (int device = 1; device < devices; device++) {
      long[] next = new long[blocks + 1];
      for (int end = 0; end <= blocks; end++) {
        next[end] = Long.MAX_VALUE;
        long part = (device == devices - 1 ? last : 0) - capacity[device];
        for (int start = end - 1; start >= 0; start--) {
          part += layers.get(start);
          next[end] = Math.min(next[end], Math.max(best[start], part));
        }
      }
      best = next;
    }
    return best[blocks];
  }

  /** The models of {@code models.csv} by name, in its order. */
  static Map<String, ModelFacts> models() throws IOException {
    Map<String, List<Block>> blocks = new LinkedHashMap<>();
    Map<String, Boolean> tied = new LinkedHashMap<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                RealModelsTest.class.getResourceAsStream("/plan/models.csv"),
                StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.startsWith("#")) {
          List<String> cells = List.of(line.split(";"));
          tied.put(cells.get(0), Boolean.valueOf(cells.get(1)));
          blocks
              .computeIfAbsent(cells.get(0), name -> new ArrayList<>())
              .add(
                  new Block(
                      Role.valueOf(cells.get(2)),
                      Integer.parseInt(cells.get(3)),
                      Long.parseLong(cells.get(4)),
                      0,
                      List.of(cells.get(5))));
        }
      }
    }
    Map<String, ModelFacts> models = new LinkedHashMap<>();
    blocks.forEach(
        (name, list) ->
            models.put(
                name,
                new ModelFacts(
                    name,
                    list,
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    List.of(),
                    tied.get(name),
                    Activations.NONE)));
    return models;
  }
}

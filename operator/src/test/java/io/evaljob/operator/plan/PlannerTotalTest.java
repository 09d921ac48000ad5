package io.evaljob.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** Every input, however wild, gives a plan that holds together or a refusal that says all. */
class PlannerTotalTest {

  @Property(tries = 4000, edgeCases = EdgeCasesMode.NONE)
  void answersEverything(@ForAll("requests") PlanRequest request) {
    PlanResult result = Planner.plan(request);

    assertThat(Planner.plan(request)).isEqualTo(result);
    if (result instanceof PlanResult.Planned planned) {
      consistent(request, planned.plan());
    } else if (result instanceof PlanResult.Infeasible infeasible) {
      assertThat(infeasible.refusals()).isNotEmpty();
      assertThat(infeasible.refusals())
          .allSatisfy(
              refusal -> {
                assertThat(refusal.field()).isNotBlank();
                assertThat(refusal.why()).isNotBlank();
                assertThat(refusal.remedy()).isNotBlank();
              });
    }
  }

  private static void consistent(PlanRequest request, ModelPlan plan) {
    assertThat(plan.ranks()).hasSize(plan.processes());
    assertThat(plan.ranks())
        .allSatisfy(rank -> assertThat(rank.visibleDevices()).hasSize(plan.devicesPerProcess()));
    assertThat(plan.ranks().stream().flatMap(rank -> rank.visibleDevices().stream()))
        .doesNotHaveDuplicates();
    boolean requested = plan.totalDevices() > 0;
    plan.accelerator()
        .runtimeVariable()
        .filter(name -> requested)
        .ifPresent(name -> assertThat(plan.containerEnvironment()).doesNotContainKey(name));
    plan.accelerator()
        .rivalVariables()
        .forEach(name -> assertThat(plan.containerEnvironment()).doesNotContainKey(name));
    request
        .maxDevices()
        .ifPresent(most -> assertThat(plan.totalDevices() <= most || !requested).isTrue());
    plan.split()
        .ifPresent(
            split ->
                split.devices().stream()
                    .filter(device -> device.capacityBytes() > 0)
                    .forEach(device -> assertThat(device.headroomBytes()).isNotNegative()));
  }

  @Provide
  Arbitrary<PlanRequest> requests() {
    Arbitrary<Requests> withModel =
        Combinators.combine(
                facts().injectNull(0.2),
                Arbitraries.of(Loader.class).injectNull(0.2),
                Arbitraries.of(true, true, false),
                Arbitraries.of(Dialect.class))
            .as(
                (facts, loader, canSplit, dialect) -> {
                  Requests request = Requests.plain();
                  request = facts == null ? request : request.facts(facts);
                  request = loader == null ? request : request.loader(loader, canSplit);
                  return request.dialect(dialect);
                });
    Arbitrary<Requests> withDevices =
        Combinators.combine(
                withModel,
                counts().injectNull(0.5),
                counts().injectNull(0.5),
                machines().injectNull(0.5),
                Arbitraries.of(
                    "nvidia.com/gpu",
                    "nvidia.com/gpu",
                    "nvidia.com/mig-1g.10gb",
                    "nvidia.com/gpu.shared",
                    "amd.com/gpu",
                    ""),
                sizes())
            .as(
                (request, devices, processes, machine, resource, memory) -> {
                  Requests next = devices == null ? request : request.devices(devices);
                  next = processes == null ? next : next.processes(processes);
                  next = machine == null ? next : next.context(machine);
                  return next.resource(resource).minMemory(memory);
                });
    return Combinators.combine(
            withDevices,
            Arbitraries.of(SplitStrategy.class),
            Arbitraries.oneOf(Arbitraries.of(0, 1, 32768), Arbitraries.integers()),
            Arbitraries.oneOf(Arbitraries.of(0, 10, 90), Arbitraries.integers()),
            maps().injectNull(0.7),
            counts().injectNull(0.7))
        .as(
            (request, strategy, tokens, reserve, map, most) -> {
              Requests next = request.split(new SplitRequest(strategy, tokens, reserve));
              next = map == null ? next : next.map(map);
              return (most == null ? next : next.atMost(most)).request();
            });
  }

  private static Arbitrary<Integer> counts() {
    return Arbitraries.oneOf(Arbitraries.integers().between(0, 9), Arbitraries.integers());
  }

  private static Arbitrary<Long> sizes() {
    return Arbitraries.frequencyOf(
        Tuple.of(3, Arbitraries.of(0L)),
        Tuple.of(6, Arbitraries.longs().between(1L << 24, 1L << 38)),
        Tuple.of(1, Arbitraries.longs()));
  }

  private static Arbitrary<DeviceContext> machines() {
    Arbitrary<VisibleDevice> device =
        Combinators.combine(
                Arbitraries.oneOf(
                    Arbitraries.integers().between(0, 40).map(String::valueOf),
                    Arbitraries.of("MIG-1", "GPU-2", "", "a,b")),
                sizes())
            .as(VisibleDevice::new);
    return device.list().ofMaxSize(9).map(DeviceContext.BareProcess::new);
  }

  private static Arbitrary<Map<String, String>> maps() {
    return Arbitraries.maps(
            Arbitraries.of("", ".", "m0", "m1", "m1.3", "m2", "m2.0", "m3.x", "m.", "..", "other"),
            Arbitraries.of("0", "0", "1", "2", "cpu", "", "99999999999", "-1", "é"))
        .ofMaxSize(6);
  }

  private static Arbitrary<ModelFacts> facts() {
    Arbitrary<Integer> blockCounts =
        Arbitraries.frequencyOf(
            Tuple.of(9, Arbitraries.integers().between(1, 40)),
            Tuple.of(1, Arbitraries.integers()));
    Arbitrary<Block> block =
        Combinators.combine(
                Arbitraries.of(Role.class),
                blockCounts,
                sizes(),
                Arbitraries.of(0L, 0L, 4096L, Long.MAX_VALUE),
                Arbitraries.of("m0", "m1", "m2", "m3", "").list().ofMaxSize(2))
            .as(Block::new);
    Arbitrary<Activations> activations =
        Combinators.combine(sizes(), sizes(), sizes()).as(Activations::new);
    return Combinators.combine(
            block.list().ofMaxSize(7),
            counts().injectNull(0.5),
            counts().injectNull(0.5),
            counts().list().ofMaxSize(3),
            Arbitraries.of(true, false),
            Arbitraries.oneOf(Arbitraries.just(Activations.NONE), activations))
        .as(
            (blocks, heads, groups, allowed, tied, more) ->
                new ModelFacts(
                    "wild", blocks, optional(heads), optional(groups), allowed, tied, more));
  }

  private static OptionalInt optional(Integer value) {
    return value == null ? OptionalInt.empty() : OptionalInt.of(value);
  }

  /** Wild input must not hide that most of it is refused early: tame input is planned. */
  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
  void tameRequestsArePlanned(@ForAll("tame") PlanRequest request) {
    assertThat(Requests.messages(Planner.plan(request))).isEmpty();
  }

  @Provide
  Arbitrary<PlanRequest> tame() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 8), Arbitraries.longs().between(0, 1L << 32))
        .as(
            (devices, layer) ->
                Requests.splittable(
                        Models.blocks(
                            Models.allowing(Models.large()),
                            List.of(new Block(Role.Layers, 40, layer, 0, List.of("layers")))))
                    .devices(devices)
                    .request());
  }
}

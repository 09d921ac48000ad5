package io.evaljob.operator.plan;

import static io.evaljob.operator.plan.Models.GIB;
import static io.evaljob.operator.plan.Models.allowing;
import static io.evaljob.operator.plan.Models.heads;
import static io.evaljob.operator.plan.Models.large;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many devices a process gets, and how the model is spread over them. */
class CountChoiceTest {

  @ParameterizedTest
  @CsvSource({"141, 2", "90, 2", "79, 4", "48, 4", "32, 8"})
  void smallestAllowedCountThatFits(int memory, int expected) {
    ModelPlan plan =
        Requests.splittable(large())
            .minMemory(memory * GIB)
            .split(new SplitRequest(SplitStrategy.Auto, 8192, 5))
            .planned();

    assertThat(plan.devicesPerProcess()).isEqualTo(expected);
    assertThat(plan.strategy()).isEqualTo(PlannedStrategy.Layers);
    assertThat(plan.split().orElseThrow().devices())
        .allSatisfy(device -> assertThat(device.headroomBytes()).isNotNegative());
  }

  @Test
  void smallestAllowedCountWhenTheMemoryIsUnknown() {
    ModelPlan plan = Requests.splittable(large()).planned();

    assertThat(plan.devicesPerProcess()).isEqualTo(2);
    assertThat(plan.notes())
        .containsExactly("memory is not checked: set spec.accelerator.minMemory to check it");
  }

  @Test
  void withoutAllowedCountsAnyCountMayBeChosen() {
    ModelPlan plan = Requests.splittable(allowing(large())).minMemory(60 * GIB).planned();

    assertThat(plan.devicesPerProcess()).isEqualTo(3);
  }

  @Test
  void contextAndActivationsCount() {
    Requests request = Requests.splittable(large()).minMemory(80 * GIB).devices(2);

    assertThat(request.split(new SplitRequest(SplitStrategy.Auto, 1024, 0)).planned().split())
        .isPresent();
    assertThat(request.split(new SplitRequest(SplitStrategy.Auto, 32768, 0)).refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.ModelTooLarge);
  }

  @Test
  void reserveIsLeftFree() {
    ModelPlan plan =
        Requests.splittable(large())
            .minMemory(100 * GIB)
            .devices(2)
            .split(new SplitRequest(SplitStrategy.Layers, 1024, 10))
            .planned();

    assertThat(plan.split().orElseThrow().devices())
        .extracting(DeviceLoad::capacityBytes)
        .containsOnly(90 * GIB);
  }

  @Test
  void memoryOfTheMachineIsUsedWhereItIsKnown() {
    ModelPlan plan =
        Requests.splittable(large()).machine(Collections.nCopies(8, 48 * GIB)).planned();

    assertThat(plan.devicesPerProcess()).isEqualTo(4);
    assertThat(plan.notes()).isEmpty();
  }

  @Test
  void ranksShareOneSplitThatFitsTheSmallestOfThem() {
    List<Long> memories = List.of(80 * GIB, 120 * GIB, 120 * GIB, 100 * GIB);
    ModelPlan plan =
        Requests.splittable(large()).machine(memories).devices(2).processes(2).planned();

    assertThat(plan.split().orElseThrow().devices())
        .extracting(DeviceLoad::capacityBytes)
        .containsExactly(80 * GIB, 100 * GIB);
  }

  @Test
  void devicesThatCannotHoldALayerAreNotUsed() {
    Block layer = new Block(Role.Layers, 2, GIB, 0, List.of("layers"));
    ModelFacts two = Models.blocks(allowing(large()), List.of(layer));
    ModelPlan plan = Requests.splittable(two).devices(4).planned();

    assertThat(plan.devicesPerProcess()).isEqualTo(3);
    assertThat(plan.ranks().get(0).visibleDevices()).hasSize(3);
    assertThat(plan.notes())
        .contains(
            "spec.models[base].devicesPerProcess: 4 devices cannot all hold a layer; 3 are used");
  }

  @Test
  void oneDeviceNeedsNoSplit() {
    ModelPlan plan = Requests.splittable(allowing(large())).minMemory(200 * GIB).planned();

    assertThat(plan.devicesPerProcess()).isEqualTo(1);
    assertThat(plan.strategy()).isEqualTo(PlannedStrategy.None);
    assertThat(plan.split().orElseThrow().devices()).hasSize(1);
  }

  @Test
  void tensorParallelSizeIsTheDeviceCount() {
    ModelPlan plan =
        Requests.plain()
            .facts(allowing(large()))
            .loader(Loader.VLLM, true)
            .minMemory(60 * GIB)
            .planned();

    assertThat(plan.strategy()).isEqualTo(PlannedStrategy.TensorParallel);
    assertThat(plan.devicesPerProcess()).isEqualTo(4);
    assertThat(plan.processes()).isEqualTo(1);
    assertThat(plan.split().orElseThrow().tensorParallelSize()).isEqualTo(4);
    assertThat(plan.split().orElseThrow().assignments()).isEmpty();
  }

  @Test
  void tensorParallelSkipsSizesThatDoNotDivideTheHeads() {
    // 28 heads: 1, 2 and 4 divide them, 8 does not.
    Requests request =
        Requests.plain().facts(heads(allowing(large()), 28, 4)).loader(Loader.LMDeploy, true);

    assertThat(request.minMemory(60 * GIB).planned().devicesPerProcess()).isEqualTo(4);
    assertThat(request.minMemory(30 * GIB).refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.ModelTooLarge);
  }

  @Test
  void repeatedKeyValueHeadsAreAllowed() {
    ModelPlan plan =
        Requests.plain()
            .facts(heads(allowing(large()), 64, 2))
            .loader(Loader.VLLM, true)
            .devices(8)
            .planned();

    assertThat(plan.split().orElseThrow().tensorParallelSize()).isEqualTo(8);
  }

  @Test
  void strategyNoneLeavesPlacementToTheHarness() {
    ModelPlan plan =
        Requests.splittable(large())
            .strategy(SplitStrategy.None)
            .devices(4)
            .minMemory(79 * GIB)
            .planned();

    assertThat(plan.strategy()).isEqualTo(PlannedStrategy.None);
    assertThat(plan.split()).isEmpty();
    assertThat(plan.notes())
        .containsExactly("memory is checked only in sum: the harness places the model itself");
  }

  @Test
  void commandGetsItsDevicesAndNoSplit() {
    ModelPlan plan = Requests.splittable(large()).dialect(Dialect.Command).devices(4).planned();

    assertThat(plan.strategy()).isEqualTo(PlannedStrategy.None);
    assertThat(plan.devicesPerProcess()).isEqualTo(4);
  }
}

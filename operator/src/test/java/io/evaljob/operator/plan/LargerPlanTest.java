package io.evaljob.operator.plan;

import static io.evaljob.operator.plan.Models.GIB;
import static io.evaljob.operator.plan.Models.allowing;
import static io.evaljob.operator.plan.Models.large;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What follows a plan whose devices ran out of memory. */
class LargerPlanTest {

  @ParameterizedTest(name = "{0} x {1} devices: {2} x {3}")
  @CsvSource({"1,2,1,4", "2,2,1,4", "4,2,2,4", "3,2,1,4", "1,4,1,8", "5,4,2,8"})
  void theNextAllowedCountTakesNoMoreDevicesThanOneProcessNeeds(
      int processes, int devices, int nowProcesses, int nowDevices) {
    Requests request =
        Requests.splittable(large()).minMemory(141 * GIB).processes(processes).devices(devices);

    ModelPlan next = found(request, List.of());

    assertThat(PlanSize.of(next)).isEqualTo(new PlanSize(nowProcesses, nowDevices, 0));
    assertThat(next.strategy()).isEqualTo(PlannedStrategy.Layers);
  }

  @Test
  void withoutAllowedCountsOneDeviceMoreIsTheNext() {
    Requests request = Requests.splittable(allowing(large())).minMemory(141 * GIB).devices(2);

    assertThat(found(request, List.of()).devicesPerProcess()).isEqualTo(3);
  }

  @Test
  void aLargerReserveFollowsWhereTheHarnessPlacesTheModel() {
    Requests request =
        Requests.plain().devices(4).split(new SplitRequest(SplitStrategy.Auto, 1, 10));

    ModelPlan next = found(request, List.of());

    assertThat(PlanSize.of(next)).isEqualTo(new PlanSize(1, 4, 20));
  }

  @Test
  void aReserveThatChangesNothingIsNotTried() {
    Requests request = Requests.splittable(large()).minMemory(141 * GIB).devices(8);

    assertThat(why(request, List.of()))
        .isEqualTo(
            "8 devices per process is the most that profile internvl3-78b allows"
                + " (allowedDeviceCounts)");
  }

  @Test
  void aProgramOfOnesOwnKnowsNoReserve() {
    Requests request = Requests.plain().dialect(Dialect.Command).devices(4);

    assertThat(why(request, List.of())).contains("nothing says that the model can use more than 4");
  }

  @Test
  void aReserveThatMovesLayersIsTried() {
    // Of the small device a percent is less than of the large one.
    Requests request =
        Requests.splittable(allowing(large(), 2))
            .machine(List.of(200 * GIB, 100 * GIB))
            .devices(2)
            .split(new SplitRequest(SplitStrategy.Layers, 1, 0));

    ModelPlan next = found(request, List.of());

    assertThat(next.devicesPerProcess()).isEqualTo(2);
    assertThat(next.reservePercent()).isPositive();
    assertThat(next.split().orElseThrow().assignments())
        .isNotEqualTo(request.planned().split().orElseThrow().assignments());
  }

  @Test
  void nobodysLimitIsExceeded() {
    Requests request = Requests.splittable(large()).minMemory(141 * GIB).devices(2);

    assertThat(why(request, List.of(new DeviceLimit(3, "EvalQuota vlm-gpus"))))
        .isEqualTo(
            "the next larger plan takes 4 nvidia.com/gpu, and EvalQuota vlm-gpus gives it no more"
                + " than 3");
    assertThat(found(request, List.of(new DeviceLimit(4, "EvalQuota vlm-gpus"))).totalDevices())
        .isEqualTo(4);
  }

  @Test
  void aMachineGivesWhatItHas() {
    Requests four = Requests.splittable(large()).machine("4", "5", "6", "7").devices(4);
    Requests eight = four.machine("0", "1", "2", "3", "4", "5", "6", "7");

    assertThat(why(four, List.of())).contains("needs 8 devices").contains("this machine has 4");
    assertThat(found(eight, List.of()).devicesPerProcess()).isEqualTo(8);
  }

  @Test
  void whatIsPlacedByHandOrOnCpuHasNoLargerPlan() {
    assertThat(why(Requests.plain().devices(0), List.of())).isEqualTo("it ran on CPU");
    assertThat(why(Requests.plain().devices(2).map(Map.of("a", "0", "b", "1")), List.of()))
        .contains("spec.models[base].deviceMap places it by hand");
    assertThat(why(Requests.plain().devices(1), List.of())).contains("allowedDeviceCounts");
  }

  /** Asked again with every answer, whatever the model: larger each time, and it ends. */
  @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
  void everyAnswerIsLargerAndTheyEnd(
      @ForAll @IntRange(min = 1, max = 9) int processes,
      @ForAll @IntRange(min = 1, max = 9) int devices,
      @ForAll @IntRange(min = 0, max = 90) int reserve,
      @ForAll @IntRange(min = 0, max = 200) int memory,
      @ForAll @IntRange(min = 1, max = 80) int most,
      @ForAll boolean listed,
      @ForAll boolean placedByHarness) {
    ModelFacts facts = listed ? large() : allowing(large());
    Requests request =
        (placedByHarness ? Requests.plain().facts(facts) : Requests.splittable(facts))
            .minMemory(memory * GIB)
            .split(new SplitRequest(SplitStrategy.Auto, 1024, reserve));
    PlanSize size = new PlanSize(processes, devices, reserve);
    List<DeviceLimit> limits = List.of(new DeviceLimit(most, "somebody"));
    List<PlanSize> sizes = new ArrayList<>(List.of(size));
    LargerPlan.Answer answer = LargerPlan.after(request.request(), size, limits);
    while (answer instanceof LargerPlan.Answer.Found found) {
      PlanSize before = sizes.get(sizes.size() - 1);
      PlanSize now = PlanSize.of(found.plan());
      assertThat(now.devicesPerProcess()).isGreaterThanOrEqualTo(before.devicesPerProcess());
      assertThat(now.devicesPerProcess() * 100 + now.reservePercent())
          .isGreaterThan(before.devicesPerProcess() * 100 + before.reservePercent());
      assertThat(now.totalDevices())
          .isLessThanOrEqualTo(Math.max(before.totalDevices(), now.devicesPerProcess()));
      if (now.devicesPerProcess() > before.devicesPerProcess()) {
        assertThat(now.totalDevices()).isLessThanOrEqualTo(most);
      }
      assertThat(Planner.plan(request.request().sized(now)))
          .as("it is made again from its size")
          .isEqualTo(new PlanResult.Planned(found.plan()));
      sizes.add(now);
      assertThat(sizes).hasSizeLessThan(100);
      answer = LargerPlan.after(request.request(), now, limits);
    }
    assertThat(((LargerPlan.Answer.None) answer).why()).isNotBlank();
  }

  private static ModelPlan found(Requests request, List<DeviceLimit> limits) {
    LargerPlan.Answer answer = after(request, limits);
    assertThat(answer).isInstanceOf(LargerPlan.Answer.Found.class);
    return ((LargerPlan.Answer.Found) answer).plan();
  }

  private static String why(Requests request, List<DeviceLimit> limits) {
    LargerPlan.Answer answer = after(request, limits);
    assertThat(answer).isInstanceOf(LargerPlan.Answer.None.class);
    return ((LargerPlan.Answer.None) answer).why();
  }

  private static LargerPlan.Answer after(Requests request, List<DeviceLimit> limits) {
    PlanSize failed = PlanSize.of(request.planned());
    return LargerPlan.after(request.request(), failed, limits);
  }
}

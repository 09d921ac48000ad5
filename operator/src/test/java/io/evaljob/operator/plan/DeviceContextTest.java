package io.evaljob.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The device variables and slices of the two contexts, by value. */
class DeviceContextTest {

  @Test
  void podNumbersDevicesFromZeroAndNeverSetsTheRuntimeVariable() {
    ModelPlan plan = Requests.plain().devices(2).processes(2).planned();

    assertThat(plan.ranks())
        .containsExactly(new RankPlan(0, List.of("0", "1")), new RankPlan(1, List.of("2", "3")));
    assertThat(plan.containerEnvironment()).isEqualTo(cuda("0,1,2,3"));
    assertThat(plan.helperEnvironment()).isEqualTo(allVoidAnd("CUDA_VISIBLE_DEVICES"));
    assertThat(plan.totalDevices()).isEqualTo(4);
  }

  @Test
  void bareProcessKeepsTheNamesItWasGiven() {
    ModelPlan plan = Requests.plain().machine("4", "5", "6", "7").devices(2).processes(2).planned();

    assertThat(plan.ranks())
        .containsExactly(new RankPlan(0, List.of("4", "5")), new RankPlan(1, List.of("6", "7")));
    assertThat(plan.containerEnvironment()).isEqualTo(cuda("4,5,6,7"));
    assertThat(plan.helperEnvironment()).isEqualTo(Map.of("CUDA_VISIBLE_DEVICES", ""));
  }

  @Test
  void bareProcessUsesOnlyTheFirstDevicesItNeeds() {
    ModelPlan plan = Requests.plain().machine("4", "5", "6", "7").processes(2).planned();

    assertThat(plan.ranks())
        .containsExactly(new RankPlan(0, List.of("4")), new RankPlan(1, List.of("5")));
    assertThat(plan.containerEnvironment()).isEqualTo(cuda("4,5"));
  }

  @Test
  void migSlicesGoOneToEachRank() {
    ModelPlan plan =
        Requests.plain().resource("nvidia.com/mig-3g.40gb").devices(1).processes(2).planned();

    assertThat(plan.ranks())
        .containsExactly(new RankPlan(0, List.of("0")), new RankPlan(1, List.of("1")));
    assertThat(plan.accelerator().kind()).isEqualTo(DeviceKind.Partition);
    assertThat(plan.containerEnvironment()).doesNotContainKey("NVIDIA_VISIBLE_DEVICES");
  }

  @Test
  void amdSetsHipAlone() {
    ModelPlan plan = Requests.plain().resource("amd.com/gpu").devices(2).planned();

    assertThat(plan.containerEnvironment()).isEqualTo(Map.of("HIP_VISIBLE_DEVICES", "0,1"));
    assertThat(plan.helperEnvironment()).isEqualTo(allVoidAnd("HIP_VISIBLE_DEVICES"));
  }

  @Test
  void otherVendorsHaveTheirOwnVariables() {
    ModelPlan ascend = Requests.plain().resource("huawei.com/Ascend910").devices(2).planned();

    assertThat(ascend.containerEnvironment()).isEqualTo(Map.of("ASCEND_RT_VISIBLE_DEVICES", "0,1"));
    assertThat(ascend.helperEnvironment()).isEqualTo(allVoidAnd("ASCEND_RT_VISIBLE_DEVICES"));
  }

  @Test
  void whatTheDevicePluginNamesNobodyElseNames() {
    Requests request = Requests.plain().resource("habana.ai/gaudi").devices(2);
    ModelPlan pod = request.planned();

    assertThat(pod.ranks()).containsExactly(new RankPlan(0, List.of("0", "1")));
    assertThat(pod.containerEnvironment()).isEmpty();
    assertThat(pod.helperEnvironment()).isEqualTo(allVoidAnd("HABANA_VISIBLE_MODULES"));
    assertThat(request.machine("4", "5").planned().containerEnvironment())
        .isEqualTo(Map.of("HABANA_VISIBLE_MODULES", "4,5"));
  }

  /** What is visible, counted as nvidia-smi counts. */
  private static Map<String, String> cuda(String devices) {
    return Map.of("CUDA_VISIBLE_DEVICES", devices, "CUDA_DEVICE_ORDER", "PCI_BUS_ID");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void zeroDevicesIsCpu(boolean pod) {
    Requests request = Requests.plain().devices(0).processes(2).strategy(SplitStrategy.Layers);
    ModelPlan plan = (pod ? request : request.machine()).planned();

    assertThat(plan.strategy()).isEqualTo(PlannedStrategy.None);
    assertThat(plan.totalDevices()).isZero();
    assertThat(plan.ranks())
        .containsExactly(new RankPlan(0, List.of()), new RankPlan(1, List.of()));
    assertThat(plan.containerEnvironment()).isEqualTo(plan.helperEnvironment());
    assertThat(plan.containerEnvironment()).containsEntry("CUDA_VISIBLE_DEVICES", "");
    assertThat(plan.containerEnvironment().get("NVIDIA_VISIBLE_DEVICES"))
        .isEqualTo(pod ? "void" : null);
  }

  @Test
  void modelWithoutProfileGetsOneDeviceUnlessToldOtherwise() {
    assertThat(Requests.plain().planned().devicesPerProcess()).isEqualTo(1);
    assertThat(Requests.plain().planned().notes())
        .containsExactly(
            "memory is not checked: there is no profile for this model;"
                + " evaljob profile PATH makes one from its files");
    ModelPlan four = Requests.plain().devices(4).planned();
    assertThat(four.devicesPerProcess()).isEqualTo(4);
    assertThat(four.strategy()).isEqualTo(PlannedStrategy.None);
  }

  private static Map<String, String> allVoidAnd(String processVariable) {
    return Map.of(
        "NVIDIA_VISIBLE_DEVICES",
        "void",
        "ASCEND_VISIBLE_DEVICES",
        "void",
        "HABANA_VISIBLE_DEVICES",
        "void",
        processVariable,
        "");
  }
}

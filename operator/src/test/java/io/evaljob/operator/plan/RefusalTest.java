package io.evaljob.operator.plan;

import static io.evaljob.operator.plan.Models.GIB;
import static io.evaljob.operator.plan.Models.allowing;
import static io.evaljob.operator.plan.Models.blocks;
import static io.evaljob.operator.plan.Models.heads;
import static io.evaljob.operator.plan.Models.large;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every refusal, by its whole message: field, value, reason, remedy. */
class RefusalTest {

  private static final String DEVICES = "spec.models[base].devicesPerProcess: ";

  @ParameterizedTest
  @MethodSource("refused")
  void refuses(RefusalReason reason, String message, Requests request) {
    List<Refusal> refusals = request.refused();

    assertThat(refusals).extracting(Refusal::message).containsExactly(message);
    assertThat(refusals).extracting(Refusal::reason).containsExactly(reason);
  }

  static Stream<Arguments> refused() {
    Requests plain = Requests.plain();
    Requests split = Requests.splittable(large());
    Requests vllm = plain.facts(allowing(large())).loader(Loader.VLLM, true);
    return Stream.of(
        row(
            RefusalReason.UnknownAccelerator,
            "spec.accelerator.resourceName: example.com/tpu is not an accelerator that can be"
                + " planned for; use a name such as nvidia.com/gpu, nvidia.com/mig-1g.10gb,"
                + " amd.com/gpu, huawei.com/Ascend910, gpu.intel.com/i915 or habana.ai/gaudi",
            plain.resource("example.com/tpu")),
        row(
            RefusalReason.OutOfRange,
            DEVICES + "-1 is outside its range; set 0 to 64",
            plain.devices(-1)),
        row(
            RefusalReason.OutOfRange,
            "spec.models[base].processes: 0 is outside its range; set 1 to 256",
            plain.processes(0)),
        row(
            RefusalReason.OutOfRange,
            "spec.split.reservePercent: 91 is outside its range; set 0 to 90",
            plain.split(new SplitRequest(SplitStrategy.Auto, 0, 91))),
        row(
            RefusalReason.OutOfRange,
            "spec.split.contextTokens: -1 is outside its range; set 0 to 16777216",
            split.split(new SplitRequest(SplitStrategy.Auto, -1, 0))),
        row(
            RefusalReason.OutOfRange,
            "spec.accelerator.minMemory: -1 is outside its range; set 0 or more",
            plain.minMemory(-1)),
        row(
            RefusalReason.DeviceCountNotAllowed,
            DEVICES
                + "3 is not one of the device counts this model can use (2, 4, 8); set 4, or"
                + " leave it out",
            split.devices(3)),
        row(
            RefusalReason.DeviceCountNotAllowed,
            DEVICES
                + "9 is not one of the device counts this model can use (2, 4, 8); set 2, or"
                + " leave it out",
            split.devices(9)),
        row(
            RefusalReason.SplitOverPartitions,
            DEVICES
                + "2 asks one process to use 2 units of nvidia.com/mig-3g.40gb, and it can use"
                + " only one MIG slice; set 1, or use whole devices",
            split.resource("nvidia.com/mig-3g.40gb").devices(2)),
        row(
            RefusalReason.SplitOverPartitions,
            DEVICES
                + "2 (left out) asks one process to use 2 units of nvidia.com/mig-3g.40gb, and it"
                + " can use only one MIG slice; set 1, or use whole devices",
            split.resource("nvidia.com/mig-3g.40gb")),
        row(
            RefusalReason.SplitOverPartitions,
            DEVICES
                + "2 asks one process to use 2 MIG slices, and it can use only one; set 1, or name"
                + " whole devices",
            plain.machine("MIG-1", "MIG-2").devices(2)),
        row(
            RefusalReason.SharedReplicas,
            DEVICES
                + "1 (left out) makes 2 replicas of nvidia.com/gpu.shared, which may be the same"
                + " device; set 1 device and 1 process, or use whole devices",
            plain.resource("nvidia.com/gpu.shared").processes(2)),
        row(
            RefusalReason.LoaderCannotSplit,
            DEVICES
                + "2 leaves devices idle, because the loader SingleDevice puts the whole model on"
                + " one; set 1 and raise processes to use more devices",
            split.loader(Loader.SingleDevice, false).devices(2)),
        row(
            RefusalReason.LoaderCannotSplit,
            "spec.split.strategy: Layers is not possible for spec.models[base], whose loader"
                + " Transformers puts the whole model on one device; leave the strategy out, or"
                + " use a runtime whose loader can split it",
            split.loader(Loader.Transformers, false).strategy(SplitStrategy.Layers)),
        row(
            RefusalReason.LoaderCannotSplit,
            DEVICES
                + "2 leaves devices idle, because spec.split.strategy None keeps the model on one;"
                + " set 1, or leave the strategy out",
            vllm.strategy(SplitStrategy.None).devices(2)),
        row(
            RefusalReason.StrategyNotSupported,
            "spec.split.strategy: Layers is not possible for spec.models[base], which VLLM loads"
                + " by tensor parallelism; set TensorParallel, or leave the strategy out",
            vllm.strategy(SplitStrategy.Layers)),
        row(
            RefusalReason.StrategyNotSupported,
            "spec.split.strategy: TensorParallel is not possible for spec.models[base], which"
                + " transformers loads; set Layers, or use a runtime that loads it with vLLM or"
                + " LMDeploy",
            split.strategy(SplitStrategy.TensorParallel)),
        row(
            RefusalReason.StrategyNotSupported,
            "spec.split.strategy: Layers is not possible with a Command runtime, whose program"
                + " places the model itself; leave the strategy out",
            split.dialect(Dialect.Command).strategy(SplitStrategy.Layers)),
        row(
            RefusalReason.ProfileRequired,
            "spec.split.strategy: Layers is not possible for spec.models[base], because no profile"
                + " gives its layers; make a ModelProfile of its files with evaljob profile PATH, give"
                + " it the loaders, and name it in profileName, or leave the strategy out",
            plain.strategy(SplitStrategy.Layers).devices(2)),
        row(
            RefusalReason.TensorParallelProcesses,
            "spec.models[base].processes: 2 is not possible, because VLLM runs as one process; set"
                + " 1 and give that process more devices",
            vllm.processes(2)),
        row(
            RefusalReason.TensorParallelWasteful,
            DEVICES
                + "16 leaves devices idle, because the harness rounds the tensor-parallel size"
                + " down to 8; set 1, 2, 4 or 8",
            vllm.devices(16)),
        row(
            RefusalReason.TensorParallelHeads,
            DEVICES
                + "8 cannot be the tensor-parallel size of a model with 28 attention heads; set a"
                + " size that divides them",
            vllm.facts(heads(allowing(large()), 28, 4)).devices(8)),
        row(
            RefusalReason.TensorParallelHeads,
            DEVICES
                + "4 cannot be the tensor-parallel size of a model with 6 key-value heads; set a"
                + " size that divides them",
            vllm.facts(heads(allowing(large()), 24, 6)).devices(4)),
        row(
            RefusalReason.NoDevices,
            DEVICES
                + "1 (left out) cannot be met, because this machine shows no device; set 0 to run"
                + " on CPU, or make devices visible",
            plain.machine()),
        row(
            RefusalReason.FewerDevicesThanProcesses,
            "spec.models[base].processes: 4 is more than the 3 devices of this machine; set at"
                + " most 3",
            plain.machine("0", "1", "2").processes(4)),
        row(
            RefusalReason.DevicesNotDivisible,
            "spec.models[base].processes: 2 does not divide the 3 devices of this machine; set a"
                + " divisor of 3, or make another number of devices visible",
            plain.machine("0", "1", "2").processes(2)),
        row(
            RefusalReason.NotEnoughDevices,
            DEVICES
                + "4 needs 8 devices for 2 processes, and this machine has 4; set processes to 1,"
                + " or make more devices visible",
            plain.machine("4", "5", "6", "7").devices(4).processes(2)),
        row(
            RefusalReason.NotEnoughDevices,
            DEVICES
                + "8 needs 8 devices for 1 process, and this machine has 4; set at most 4, or make"
                + " more devices visible",
            plain.machine("4", "5", "6", "7").devices(8)),
        row(
            RefusalReason.DeviceListInvalid,
            "the machine's device list: 4,4 names device 4 twice; name every device once, as in"
                + " CUDA_VISIBLE_DEVICES=4,5,6,7",
            plain.machine("4", "4")),
        row(
            RefusalReason.DeviceMemoryTooSmall,
            "spec.accelerator.minMemory: 80.0 GiB is more than device 1 has (40.0 GiB); lower it,"
                + " or make other devices visible",
            plain.machine(List.of(80 * GIB, 40 * GIB)).devices(2).minMemory(80 * GIB)),
        row(
            RefusalReason.ModelTooLarge,
            DEVICES
                + "2 is too few: internvl3-78b needs 89.1 GiB on device 0 and 40.0 GiB are usable;"
                + " set 8",
            split
                .devices(2)
                .minMemory(40 * GIB)
                .split(new SplitRequest(SplitStrategy.Auto, 32768, 0))),
        row(
            RefusalReason.ModelTooLarge,
            "spec.models[base].devicesPerProcess cannot be chosen: internvl3-78b needs 16.9 GiB"
                + " on device 0 and 16.0 GiB are usable; raise spec.accelerator.minMemory, or lower"
                + " spec.split.contextTokens",
            split.minMemory(16 * GIB)),
        row(
            RefusalReason.DeviceLimitExceeded,
            DEVICES + "4 makes 8 devices in all, and 4 are allowed; lower it, or lower processes",
            split.devices(4).processes(2).atMost(4)),
        row(
            RefusalReason.ProfileInvalid,
            "spec.models[base].profileName: internvl3-78b has a block of negative size; correct"
                + " that ModelProfile or name another",
            split.facts(
                blocks(large(), List.of(new Block(Role.Layers, 2, -1, 0, List.of("layers")))))),
        row(
            RefusalReason.ProfileInvalid,
            "spec.models[base].profileName: internvl3-78b has sizes that add up to more than any"
                + " machine's memory; correct that ModelProfile or name another",
            split.facts(
                blocks(
                    large(),
                    List.of(new Block(Role.Layers, 2, Long.MAX_VALUE, 0, List.of("layers")))))));
  }

  private static Arguments row(RefusalReason reason, String message, Requests request) {
    return Arguments.of(reason, message, request);
  }

  @Test
  void namesAllProblemsOfAStepAtOnce() {
    assertThat(Requests.plain().resource("x").devices(-1).processes(0).refused())
        .extracting(Refusal::reason)
        .containsExactly(
            RefusalReason.UnknownAccelerator, RefusalReason.OutOfRange, RefusalReason.OutOfRange);
    assertThat(
            Requests.splittable(large())
                .resource("nvidia.com/mig-1g.10gb")
                .devices(3)
                .atMost(2)
                .refused())
        .extracting(Refusal::reason)
        .containsExactly(
            RefusalReason.DeviceCountNotAllowed,
            RefusalReason.SplitOverPartitions,
            RefusalReason.DeviceLimitExceeded);
  }

  @Test
  void profileOfAnotherDialectDoesNotAllowASplit() {
    PlanRequest base = Requests.splittable(large()).strategy(SplitStrategy.Layers).request();
    PlanRequest request =
        new PlanRequest(
            base.path(),
            base.context(),
            base.resourceName(),
            0,
            base.devicesPerProcess(),
            base.processes(),
            Harness.unprofiled(Dialect.AutoSplit),
            base.model(),
            base.split(),
            base.deviceMap(),
            OptionalInt.empty());

    assertThat(Requests.messages(Planner.plan(request)).get(0))
        .contains("its profile internvl3-78b names no loader for the runtime's dialect AutoSplit");
  }
}

package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Decides whether a model can use a given number of devices per process, memory apart. */
final class CountCheck {

  private final PlanRequest request;
  private final Accelerator accelerator;
  private final Placement placement;
  private final int processes;
  private final int count;
  private final List<Refusal> refusals = new ArrayList<>();

  private CountCheck(
      PlanRequest request, Accelerator accelerator, Placement placement, int processes, int count) {
    this.request = request;
    this.accelerator = accelerator;
    this.placement = placement;
    this.processes = processes;
    this.count = count;
  }

  /**
   * Why {@code count} devices per process, at least 1, cannot be used; empty when they can.
   *
   * @param processes number of ranks
   */
  static List<Refusal> refusals(
      PlanRequest request, Accelerator accelerator, Placement placement, int processes, int count) {
    CountCheck check = new CountCheck(request, accelerator, placement, processes, count);
    check.allowed();
    check.accelerator();
    check.placement();
    check.machine();
    check.limit();
    return check.refusals;
  }

  private void allowed() {
    List<Integer> allowed = request.model().map(ModelFacts::allowedDeviceCounts).orElse(List.of());
    if (allowed.isEmpty() || allowed.contains(count)) {
      return;
    }
    int suggestion =
        allowed.stream().filter(other -> other > count).findFirst().orElse(allowed.get(0));
    String list = String.join(", ", allowed.stream().map(String::valueOf).toList());
    refuse(
        RefusalReason.DeviceCountNotAllowed,
        "is not one of the device counts this model can use (" + list + ")",
        "set " + suggestion + ", or leave it out");
  }

  private void accelerator() {
    int total = processes * count;
    if (accelerator.kind() == DeviceKind.Shared && total > 1) {
      refuse(
          RefusalReason.SharedReplicas,
          "makes "
              + total
              + " replicas of "
              + request.resourceName()
              + ", which may be the same device",
          "set 1 device and 1 process, or use whole devices");
    } else if (count > 1 && !accelerator.spansDevices()) {
      refuse(
          RefusalReason.SplitOverPartitions,
          "asks one process to use "
              + count
              + " units of "
              + request.resourceName()
              + ", and it can use only one MIG slice",
          "set 1, or use whole devices");
    } else if (count > 1 && usesSlices()) {
      refuse(
          RefusalReason.SplitOverPartitions,
          "asks one process to use " + count + " MIG slices, and it can use only one",
          "set 1, or name whole devices");
    }
  }

  private boolean usesSlices() {
    return request.context() instanceof DeviceContext.BareProcess bare
        && bare.devices().stream().anyMatch(device -> device.id().startsWith("MIG-"));
  }

  private void placement() {
    Optional<Loader> loader = request.harness().loader();
    if (placement == Placement.OneDevice && count > 1) {
      boolean engine =
          request.harness().canSplit() && loader.stream().anyMatch(Loader::tensorParallel);
      refuse(
          RefusalReason.LoaderCannotSplit,
          engine
              ? "leaves devices idle, because spec.split.strategy None keeps the model on one"
              : "leaves devices idle, because the loader "
                  + loader.map(Loader::name).orElse("")
                  + " puts the whole model on one",
          engine
              ? "set 1, or leave the strategy out"
              : "set 1 and raise processes to use more devices");
    }
    if (loader.stream().anyMatch(Loader::tensorParallel) && processes > 1) {
      refusals.add(
          new Refusal(
              RefusalReason.TensorParallelProcesses,
              request.processes().path(),
              Integer.toString(processes),
              "is not possible, because " + loader.get() + " runs as one process",
              "set 1 and give that process more devices"));
    }
    if (placement == Placement.TensorParallel) {
      TensorParallel.refusals(request, fieldPath(), value(), count).forEach(refusals::add);
    }
  }

  private void machine() {
    if (!(request.context() instanceof DeviceContext.BareProcess bare)) {
      return;
    }
    int present = bare.devices().size();
    if (present == 0) {
      refuse(
          RefusalReason.NoDevices,
          "cannot be met, because this machine shows no device",
          "set 0 to run on CPU, or make devices visible");
    } else if (present < processes) {
      refuseProcesses(
          RefusalReason.FewerDevicesThanProcesses,
          "is more than the " + devices(present) + " of this machine",
          "set at most " + present);
    } else if (present % processes != 0) {
      refuseProcesses(
          RefusalReason.DevicesNotDivisible,
          "does not divide the " + devices(present) + " of this machine",
          "set a divisor of " + present + ", or make another number of devices visible");
    } else if (processes * count > present) {
      refuse(
          RefusalReason.NotEnoughDevices,
          "needs "
              + processes * count
              + " devices for "
              + processes
              + (processes == 1 ? " process" : " processes")
              + ", and this machine has "
              + present,
          count * 1L <= present
              ? "set processes to " + present / count + ", or make more devices visible"
              : "set at most " + present / processes + ", or make more devices visible");
    } else {
      memory(bare);
    }
  }

  private void memory(DeviceContext.BareProcess bare) {
    for (VisibleDevice device : bare.devices().subList(0, processes * count)) {
      if (device.memoryBytes() > 0 && device.memoryBytes() < request.minMemoryBytes()) {
        refusals.add(
            new Refusal(
                RefusalReason.DeviceMemoryTooSmall,
                "spec.accelerator.minMemory",
                Bytes.text(request.minMemoryBytes()),
                "is more than device "
                    + device.id()
                    + " has ("
                    + Bytes.text(device.memoryBytes())
                    + ")",
                "lower it, or make other devices visible"));
        return;
      }
    }
  }

  private void limit() {
    int total = processes * count;
    if (request.maxDevices().isPresent() && total > request.maxDevices().getAsInt()) {
      refuse(
          RefusalReason.DeviceLimitExceeded,
          "makes "
              + devices(total)
              + " in all, and "
              + request.maxDevices().getAsInt()
              + " are allowed",
          "lower it, or lower processes");
    }
  }

  private static String devices(int number) {
    return number == 1 ? "1 device" : number + " devices";
  }

  /** The count, and that nobody set it where the planner tried it. */
  private String value() {
    return count + (request.devicesPerProcess().value().isPresent() ? "" : " (left out)");
  }

  private String fieldPath() {
    return request.devicesPerProcess().path();
  }

  private void refuse(RefusalReason reason, String why, String remedy) {
    refusals.add(new Refusal(reason, fieldPath(), value(), why, remedy));
  }

  private void refuseProcesses(RefusalReason reason, String why, String remedy) {
    refusals.add(
        new Refusal(reason, request.processes().path(), Integer.toString(processes), why, remedy));
  }
}

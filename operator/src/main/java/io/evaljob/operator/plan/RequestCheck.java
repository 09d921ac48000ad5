package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Refuses requests whose fields are out of range before anything is computed from them. */
final class RequestCheck {

  /** Most devices of one process. */
  static final int MAX_DEVICES_PER_PROCESS = 64;

  /** Most processes of one model. */
  static final int MAX_PROCESSES = 256;

  private static final int MAX_CONTEXT_TOKENS = 1 << 24;
  private static final int MAX_RESERVE_PERCENT = 90;

  private RequestCheck() {}

  /** All violations; empty when the request can be planned. */
  static List<Refusal> refusals(PlanRequest request) {
    List<Refusal> refusals = new ArrayList<>();
    if (Accelerators.find(request.resourceName()).isEmpty()) {
      refusals.add(
          new Refusal(
              RefusalReason.UnknownAccelerator,
              "spec.accelerator.resourceName",
              request.resourceName(),
              "is not an accelerator that can be planned for",
              "use a name such as nvidia.com/gpu, nvidia.com/mig-1g.10gb, amd.com/gpu,"
                  + " huawei.com/Ascend910, gpu.intel.com/i915 or habana.ai/gaudi"));
    }
    count(request.devicesPerProcess(), 0, MAX_DEVICES_PER_PROCESS, refusals);
    count(request.processes(), 1, MAX_PROCESSES, refusals);
    range("spec.accelerator.minMemory", request.minMemoryBytes(), 0, Long.MAX_VALUE, refusals);
    SplitRequest split = request.split();
    range("spec.split.contextTokens", split.contextTokens(), 0, MAX_CONTEXT_TOKENS, refusals);
    range("spec.split.reservePercent", split.reservePercent(), 0, MAX_RESERVE_PERCENT, refusals);
    if (refusals.stream()
        .noneMatch(refusal -> refusal.field().equals("spec.split.contextTokens"))) {
      request.model().ifPresent(facts -> ProfileCheck.check(request, facts, refusals));
    }
    if (request.context() instanceof DeviceContext.BareProcess bare) {
      deviceList(bare, refusals);
    }
    return refusals;
  }

  private static void count(RequestedCount count, int least, int most, List<Refusal> refusals) {
    count.value().ifPresent(value -> range(count.path(), value, least, most, refusals));
  }

  private static void range(
      String field, long value, long least, long most, List<Refusal> refusals) {
    if (value < least || value > most) {
      String bounds = most == Long.MAX_VALUE ? least + " or more" : least + " to " + most;
      refusals.add(
          new Refusal(
              RefusalReason.OutOfRange,
              field,
              Long.toString(value),
              "is outside its range",
              "set " + bounds));
    }
  }

  private static void deviceList(DeviceContext.BareProcess bare, List<Refusal> refusals) {
    Set<String> seen = new HashSet<>();
    for (VisibleDevice device : bare.devices()) {
      String problem = "";
      if (device.id().isBlank() || device.id().contains(",")) {
        problem = "holds a device without a name";
      } else if (!seen.add(device.id())) {
        problem = "names device " + device.id() + " twice";
      } else if (device.memoryBytes() < 0) {
        problem = "gives device " + device.id() + " a negative memory";
      }
      if (!problem.isEmpty()) {
        refusals.add(
            new Refusal(
                RefusalReason.DeviceListInvalid,
                "the machine's device list",
                String.join(",", bare.devices().stream().map(VisibleDevice::id).toList()),
                problem,
                "name every device once, as in CUDA_VISIBLE_DEVICES=4,5,6,7"));
        return;
      }
    }
  }
}

package io.evaljob.operator.validate;

import io.evaljob.operator.plan.Accelerator;
import io.evaljob.operator.plan.Accelerators;
import io.evaljob.operator.plan.DeviceKind;
import io.evaljob.operator.plan.Vendor;
import java.util.Optional;

/**
 * The node label with the memory of one device in MiB, where there is one that a node affinity can
 * compare.
 *
 * <p>Source: NVIDIA's GPU feature discovery. AMD's labeller writes a unit ({@code
 * amd.com/gpu.vram=64G}), and the others label no memory.
 */
public final class DeviceMemoryLabel {
  private DeviceMemoryLabel() {}

  /** Empty where nodes cannot be told apart by the memory of their devices. */
  public static Optional<String> of(String resourceName) {
    return Accelerators.find(resourceName)
        .filter(accelerator -> accelerator.vendor() == Vendor.NVIDIA)
        .map(accelerator -> label(accelerator, resourceName));
  }

  private static String label(Accelerator accelerator, String resourceName) {
    return accelerator.kind() == DeviceKind.Partition
        ? resourceName + ".memory"
        : "nvidia.com/gpu.memory";
  }
}

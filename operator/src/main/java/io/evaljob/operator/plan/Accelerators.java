package io.evaljob.operator.plan;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The accelerators that can be planned for, as data.
 *
 * <p>Sources: NVIDIA whole, shared and MIG names from the README of NVIDIA/k8s-device-plugin and
 * the MIG user guide (a CUDA process enumerates one MIG device only); {@code
 * NVIDIA_VISIBLE_DEVICES} from nvidia-container-toolkit, {@code CUDA_VISIBLE_DEVICES} from the CUDA
 * programming guide, appendix "Environment variables". AMD names from ROCm/k8s-device-plugin,
 * variables from the ROCm manual: {@code ROCR_VISIBLE_DEVICES} acts below {@code
 * HIP_VISIBLE_DEVICES} and stacking them numbers devices twice, {@code CUDA_VISIBLE_DEVICES} is
 * read as a synonym; so HIP alone is set. Ascend from ascend-device-plugin ({@code
 * ASCEND_VISIBLE_DEVICES} holds physical ids and is the plugin's). Intel from
 * intel-device-plugins-for-kubernetes, cmd/gpu_plugin ({@code ZE_FLAT_DEVICE_HIERARCHY} decides
 * whether a tile or a card counts). Gaudi from docs.habana.ai and the source of its device plugin:
 * it sets {@code HABANA_VISIBLE_MODULES} to the modules it gave out, which are not counted from 0,
 * unless it gave out the whole node.
 */
public final class Accelerators {

  /** Resource name planned for when a job names none. */
  public static final String DEFAULT_RESOURCE_NAME = "nvidia.com/gpu";

  private static final Optional<String> NVIDIA_RUNTIME = Optional.of("NVIDIA_VISIBLE_DEVICES");
  private static final String CUDA = "CUDA_VISIBLE_DEVICES";

  /** The default puts the fastest card first; nvidia-smi counts by bus, and so do its users. */
  private static final Map<String, String> CUDA_ORDER = Map.of("CUDA_DEVICE_ORDER", "PCI_BUS_ID");

  private static final String HIP = "HIP_VISIBLE_DEVICES";
  private static final List<String> HIP_RIVALS = List.of("ROCR_VISIBLE_DEVICES", CUDA);

  private static final List<Accelerator> TABLE =
      List.of(
          nvidia("nvidia\\.com/gpu", DeviceKind.Whole, true),
          nvidia("nvidia\\.com/gpu\\.shared", DeviceKind.Shared, false),
          nvidia("nvidia\\.com/mig-[a-z0-9.+-]+\\.shared", DeviceKind.Shared, false),
          nvidia("nvidia\\.com/mig-[a-z0-9.+-]+", DeviceKind.Partition, false),
          amd("amd\\.com/gpu", DeviceKind.Whole),
          amd("amd\\.com/spx_nps[0-9]+", DeviceKind.Whole),
          amd("amd\\.com/(dpx|qpx|cpx)_nps[0-9]+", DeviceKind.Partition),
          new Accelerator(
              Vendor.Huawei,
              "huawei\\.com/Ascend(310|310P|910|910A|910B[0-9]*|910C)",
              DeviceKind.Whole,
              Optional.of("ASCEND_VISIBLE_DEVICES"),
              "ASCEND_RT_VISIBLE_DEVICES",
              false,
              Map.of(),
              List.of(),
              true),
          new Accelerator(
              Vendor.Intel,
              "gpu\\.intel\\.com/(i915|xe)",
              DeviceKind.Whole,
              Optional.empty(),
              "ZE_AFFINITY_MASK",
              false,
              Map.of(),
              List.of("ONEAPI_DEVICE_SELECTOR"),
              true),
          new Accelerator(
              Vendor.Habana,
              "habana\\.ai/gaudi",
              DeviceKind.Whole,
              Optional.of("HABANA_VISIBLE_DEVICES"),
              "HABANA_VISIBLE_MODULES",
              true,
              Map.of(),
              List.of(),
              true));

  private static final List<Pattern> PATTERNS =
      TABLE.stream().map(row -> Pattern.compile(row.resources())).toList();

  private Accelerators() {}

  /** All rows, in the order in which they are matched. */
  public static List<Accelerator> all() {
    return TABLE;
  }

  /** The row of an extended resource name; empty when the table does not know it. */
  public static Optional<Accelerator> find(String resourceName) {
    for (int row = 0; row < TABLE.size(); row++) {
      if (PATTERNS.get(row).matcher(resourceName).matches()) {
        return Optional.of(TABLE.get(row));
      }
    }
    return Optional.empty();
  }

  private static Accelerator nvidia(String resources, DeviceKind kind, boolean spans) {
    return new Accelerator(
        Vendor.NVIDIA, resources, kind, NVIDIA_RUNTIME, CUDA, false, CUDA_ORDER, List.of(), spans);
  }

  private static Accelerator amd(String resources, DeviceKind kind) {
    // A HIP process sees partitions as devices of their own and may use several.
    return new Accelerator(
        Vendor.AMD, resources, kind, Optional.empty(), HIP, false, Map.of(), HIP_RIVALS, true);
  }
}

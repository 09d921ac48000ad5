package io.evaljob.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AcceleratorsTest {

  @ParameterizedTest
  @CsvSource({
    "nvidia.com/gpu,            NVIDIA, Whole,     NVIDIA_VISIBLE_DEVICES, CUDA_VISIBLE_DEVICES,      true",
    "nvidia.com/gpu.shared,     NVIDIA, Shared,    NVIDIA_VISIBLE_DEVICES, CUDA_VISIBLE_DEVICES,      false",
    "nvidia.com/mig-1g.10gb,    NVIDIA, Partition, NVIDIA_VISIBLE_DEVICES, CUDA_VISIBLE_DEVICES,      false",
    "nvidia.com/mig-1g.5gb.shared, NVIDIA, Shared, NVIDIA_VISIBLE_DEVICES, CUDA_VISIBLE_DEVICES,      false",
    "amd.com/gpu,               AMD,    Whole,     '',                     HIP_VISIBLE_DEVICES,       true",
    "amd.com/spx_nps1,          AMD,    Whole,     '',                     HIP_VISIBLE_DEVICES,       true",
    "amd.com/cpx_nps4,          AMD,    Partition, '',                     HIP_VISIBLE_DEVICES,       true",
    "huawei.com/Ascend910,      Huawei, Whole,     ASCEND_VISIBLE_DEVICES, ASCEND_RT_VISIBLE_DEVICES, true",
    "huawei.com/Ascend310P,     Huawei, Whole,     ASCEND_VISIBLE_DEVICES, ASCEND_RT_VISIBLE_DEVICES, true",
    "huawei.com/Ascend910B4,    Huawei, Whole,     ASCEND_VISIBLE_DEVICES, ASCEND_RT_VISIBLE_DEVICES, true",
    "gpu.intel.com/i915,        Intel,  Whole,     '',                     ZE_AFFINITY_MASK,          true",
    "gpu.intel.com/xe,          Intel,  Whole,     '',                     ZE_AFFINITY_MASK,          true",
    "habana.ai/gaudi,           Habana, Whole,     HABANA_VISIBLE_DEVICES, HABANA_VISIBLE_MODULES,    true",
  })
  void knows(
      String name, Vendor vendor, DeviceKind kind, String runtime, String process, boolean spans) {
    Accelerator found = Accelerators.find(name).orElseThrow();

    assertThat(found.vendor()).isEqualTo(vendor);
    assertThat(found.kind()).isEqualTo(kind);
    assertThat(found.runtimeVariable().orElse("")).isEqualTo(runtime);
    assertThat(found.processVariable()).isEqualTo(process);
    assertThat(found.spansDevices()).isEqualTo(spans);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "cpu",
        "memory",
        "nvidia.com/gpux",
        "xnvidia.com/gpu",
        "nvidia.com/mig-",
        "gpu.intel.com/monitoring",
        "huawei.com/Ascend910A-memory",
        "cambricon.com/mlu"
      })
  void doesNotKnow(String name) {
    assertThat(Accelerators.find(name)).isEmpty();
  }

  @Test
  void amdSetsOneVariableAndNamesTheOnesThatWouldNumberTwice() {
    Accelerator amd = Accelerators.find("amd.com/gpu").orElseThrow();

    assertThat(amd.rivalVariables())
        .containsExactly("ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES");
  }
}

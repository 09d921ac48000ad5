package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.plan.Accelerator;
import io.evaljob.operator.plan.Accelerators;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The devices of this machine, found or pretended. */
final class DeviceOptions {

  private static final String NVIDIA_SMI_READS = "CUDA_VISIBLE_DEVICES";

  @Option(
      names = "--devices",
      paramLabel = "N[:MEMORY]",
      defaultValue = "",
      description =
          "Pretend that this machine has N devices, each of that much memory, for example"
              + " 4:79Gi. The process variable is passed through to the processes as it would be"
              + " with real devices. Default: what CUDA_VISIBLE_DEVICES names, else what"
              + " nvidia-smi lists, else none.")
  private String pretend = "";

  /** Whether the user said how many devices there are. */
  boolean given() {
    return !pretend.isEmpty();
  }

  /**
   * This machine's devices of the kind that the jobs ask for.
   *
   * @param resourceName the one extended resource name of all jobs
   */
  record Machine(String resourceName, Accelerator accelerator, DeviceDiscovery.Found found) {}

  /**
   * Finds the devices.
   *
   * @throws UsageProblem when the jobs ask for devices of two kinds, or the options or the process
   *     variable contradict what is there
   */
  Machine find(List<EvalJob> jobs, Map<String, String> environment) {
    List<String> names =
        jobs.stream()
            .filter(job -> job.getSpec() != null)
            .map(job -> job.getSpec().acceleratorOrDefault().resourceNameOrDefault())
            .distinct()
            .toList();
    if (names.size() > 1) {
      throw new UsageProblem(
          "the EvalJobs ask for devices of different kinds (%s), and one machine has one kind; run"
                  .formatted(String.join(", ", names))
              + " them one after the other");
    }
    String name = names.isEmpty() ? Accelerators.DEFAULT_RESOURCE_NAME : names.get(0);
    // A name that the table does not know is refused by validation, which names the field.
    Accelerator accelerator =
        Accelerators.find(name)
            .or(() -> Accelerators.find(Accelerators.DEFAULT_RESOURCE_NAME))
            .orElseThrow();
    String variable = accelerator.processVariable();
    List<DeviceDiscovery.Card> cards =
        variable.equals(NVIDIA_SMI_READS) && !given()
            ? DeviceDiscovery.listCards(environment)
            : List.of();
    return new Machine(
        name,
        accelerator,
        DeviceDiscovery.find(
            pretend, variable, Optional.ofNullable(environment.get(variable)), cards));
  }
}

package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.plan.DeviceContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** For whom a plan is made: for pods of a cluster, or for this machine. */
final class PlanContext {

  /** Where the processes will run. */
  enum Context {
    /** In pods that request devices and count them from 0. */
    pod,
    /** On this machine, whose devices keep their numbers. */
    machine
  }

  @Option(
      names = "--context",
      paramLabel = "pod|machine",
      description =
          "Plan for pods of a cluster, where devices count from 0, or for this machine, where they"
              + " keep the names they have (default: pod; machine with --devices).")
  private Optional<Context> context = Optional.empty();

  @Mixin private DeviceOptions devices = new DeviceOptions();

  /** The context to plan in. */
  DeviceContext of(List<EvalJob> jobs, Map<String, String> environment) {
    Context chosen = context.orElse(devices.given() ? Context.machine : Context.pod);
    if (chosen == Context.pod) {
      if (devices.given()) {
        throw new UsageProblem(
            "--devices: says what this machine has, which --context pod does not read; leave one"
                + " of them out");
      }
      return new DeviceContext.RequestedInPod();
    }
    return new DeviceContext.BareProcess(devices.find(jobs, environment).found().devices());
  }
}

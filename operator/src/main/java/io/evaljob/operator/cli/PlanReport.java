package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.plan.ModelPlan;
import io.evaljob.operator.plan.RankPlan;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A plan as a person reads it: which rank sees which devices, and what lies on each of them. */
final class PlanReport {

  private PlanReport() {}

  /** The report, line by line. */
  static List<String> lines(ResolvedJob resolved) {
    List<String> lines = new ArrayList<>();
    EvalJob job = resolved.job();
    lines.add(
        "EvalJob %s/%s on runtime %s (%s)"
            .formatted(
                job.getMetadata().getNamespace(),
                job.getMetadata().getName(),
                resolved.runtime().getMetadata().getName(),
                harness(resolved)));
    for (ResolvedModel model : resolved.models()) {
      lines.add("");
      lines.addAll(model(model));
    }
    return lines;
  }

  private static String harness(ResolvedJob resolved) {
    String harness = String.valueOf(resolved.runtime().getSpec().harness());
    return resolved
        .runtime()
        .getSpec()
        .vlmevalkitIfSet()
        .map(kit -> harness + ", dialect " + kit.dialect())
        .orElse(harness);
  }

  private static List<String> model(ResolvedModel model) {
    ModelPlan plan = model.plan();
    List<String> lines = new ArrayList<>();
    lines.add("model %s: %s".formatted(model.spec().name(), headline(plan)));
    lines.add(
        "  profile: "
            + model
                .profile()
                .map(
                    profile ->
                        "%s (%s)"
                            .formatted(
                                profile.name(), profile.origin().name().toLowerCase(Locale.ROOT)))
                .orElse("none"));
    lines.addAll(ranks(plan));
    plan.split().ifPresent(split -> lines.addAll(SplitReport.lines(split, "  ")));
    plan.notes().forEach(note -> lines.add("  note: " + note));
    return lines;
  }

  private static String headline(ModelPlan plan) {
    if (plan.devicesPerProcess() == 0) {
      return "on CPU, %s, no device requested".formatted(Counts.of(plan.processes(), "process"));
    }
    String split =
        switch (plan.strategy()) {
          case None ->
              plan.devicesPerProcess() == 1
                  ? "not split"
                  : "spread by the harness over its devices";
          case Layers -> "split by layers";
          case TensorParallel -> "tensor parallel";
          case DeviceMap -> "split by the given device map";
        };
    return "%s, %s x %s = %d %s"
        .formatted(
            split,
            Counts.of(plan.processes(), "process"),
            Counts.of(plan.devicesPerProcess(), "device"),
            plan.totalDevices(),
            plan.resourceName());
  }

  private static List<String> ranks(ModelPlan plan) {
    String variable = plan.accelerator().processVariable();
    TextTable table = new TextTable().row("RANK", variable, "LOGICAL");
    for (RankPlan rank : plan.ranks()) {
      int devices = rank.visibleDevices().size();
      table.row(
          Integer.toString(rank.rank()),
          devices == 0 ? "(empty)" : String.join(",", rank.visibleDevices()),
          devices == 0 ? "cpu" : devices == 1 ? "0" : "0-" + (devices - 1));
    }
    return table.lines("  ");
  }
}

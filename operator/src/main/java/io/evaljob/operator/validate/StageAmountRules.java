package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.ResourcesByStage;
import io.evaljob.api.v1alpha1.StageResources;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.RefusalReason;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.List;

/** Amounts of stages that are no quantities; the same rules for jobs and runtimes. */
final class StageAmountRules {
  private StageAmountRules() {}

  static List<Refusal> check(String path, ResourcesByStage resources) {
    List<Refusal> refusals = new ArrayList<>();
    resources.prefetchIfSet().ifPresent(stage -> stage(refusals, path + ".prefetch", stage));
    resources
        .inferIfSet()
        .ifPresent(
            infer -> {
              stage(refusals, path + ".infer", infer.common());
              amount(refusals, path + ".infer.sharedMemory", infer.sharedMemory());
            });
    resources.scoreIfSet().ifPresent(stage -> stage(refusals, path + ".score", stage));
    return refusals;
  }

  private static void stage(List<Refusal> refusals, String path, StageResources stage) {
    amount(refusals, path + ".cpu", stage.cpu());
    amount(refusals, path + ".memory", stage.memory());
    amount(refusals, path + ".ephemeralStorage", stage.ephemeralStorage());
  }

  /** Null is an amount that is left out. */
  private static void amount(List<Refusal> refusals, String field, Quantity given) {
    if (given != null && Quantities.bytes(given).isEmpty()) {
      refusals.add(
          new Refusal(
              RefusalReason.InvalidValue,
              field,
              given.toString(),
              "is not a quantity",
              "write one such as 500m, 16 or 64Gi"));
    }
  }
}

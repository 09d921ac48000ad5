package io.evaljob.operator.validate;

import static io.evaljob.operator.plan.RefusalReason.DeviceLimitExceeded;

import io.evaljob.operator.plan.ModelPlan;
import java.util.List;

/** Refuses a model that its namespace's EvalQuota could never grant: it would wait for ever. */
final class QuotaRules {
  private final QuotaCap cap;
  private final RefusalList refusals;

  QuotaRules(QuotaCap cap, RefusalList refusals) {
    this.cap = cap;
    this.refusals = refusals;
  }

  void check(String resource, List<ResolvedModel> models) {
    Integer most = cap.most().get(resource);
    if (most == null) {
      return;
    }
    for (ResolvedModel model : models) {
      ModelPlan plan = model.plan();
      int devices = plan.processes() * plan.devicesPerProcess();
      if (devices > most) {
        refusals.add(
            DeviceLimitExceeded,
            "spec.models[" + model.spec().name() + "].devicesPerProcess",
            Integer.toString(plan.devicesPerProcess()),
            "with "
                + plan.processes()
                + (plan.processes() == 1 ? " process" : " processes")
                + " makes "
                + devices
                + " "
                + resource
                + ", and EvalQuota "
                + cap.quota()
                + " can grant "
                + most
                + " to one model here",
            "ask for fewer devices or processes, or have the quota raised");
      }
    }
  }
}

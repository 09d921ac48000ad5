package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.util.Map;
import java.util.TreeMap;

/**
 * The immutable ConfigMap that fixes what one model's run is: plan, runtime, profile and the
 * certificates of the report endpoint.
 */
public final class PlanConfigMap {
  /** Key of the plan that the runner reads. */
  public static final String PLAN = "plan.json";

  static final String RUNTIME = "runtime.json";
  static final String PROFILE = "profile.json";
  static final String CERTIFICATES = "ca.crt";
  static final String CONTENT = "plan";

  private PlanConfigMap() {}

  static ConfigMap of(ResolvedJob resolved, ResolvedModel model, Run run, String caBundle) {
    EvalJob job = resolved.job();
    Map<String, String> data = new TreeMap<>();
    data.put(PLAN, Json.write(PlanDocuments.of(resolved, model, run)));
    data.put(RUNTIME, Json.write(RuntimeSnapshot.of(resolved.runtime())));
    model.profile().ifPresent(profile -> data.put(PROFILE, Json.write(profile.spec())));
    if (!caBundle.isEmpty()) {
      data.put(CERTIFICATES, caBundle);
    }
    String name =
        Names.plan(
            job.getMetadata().getName(),
            job.getMetadata().getUid(),
            run.number(),
            model.spec().name(),
            data.toString());
    Map<String, String> labels = Labels.of(job, model.spec().name());
    labels.put(Labels.RUN, Long.toString(run.number()));
    labels.put(Labels.CONTENT, CONTENT);
    return new ConfigMapBuilder()
        .withMetadata(ChildMetadata.of(job, name, labels))
        .withData(data)
        .withImmutable(true)
        .build();
  }

  /**
   * The plan in a ConfigMap.
   *
   * @throws IllegalArgumentException when it is not a plan that this operator knows
   */
  public static PlanDocument plan(ConfigMap configMap) {
    PlanDocument plan = Json.read(entry(configMap, PLAN), PlanDocument.class, where(configMap));
    if (!PlanDocument.SCHEMA_VERSION.equals(plan.schemaVersion())) {
      throw new IllegalArgumentException(
          where(configMap) + " has schemaVersion " + plan.schemaVersion() + ", not 1");
    }
    return plan;
  }

  /**
   * The runtime in a ConfigMap.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static RuntimeSnapshot runtime(ConfigMap configMap) {
    return Json.read(entry(configMap, RUNTIME), RuntimeSnapshot.class, where(configMap));
  }

  private static String entry(ConfigMap configMap, String key) {
    Map<String, String> data = configMap.getData();
    if (data == null || !data.containsKey(key)) {
      throw new IllegalArgumentException(where(configMap) + " has no key " + key);
    }
    return data.get(key);
  }

  private static String where(ConfigMap configMap) {
    return "plan ConfigMap " + configMap.getMetadata().getName();
  }
}

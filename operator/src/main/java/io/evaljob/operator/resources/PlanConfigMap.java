package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The immutable ConfigMap that fixes what one model's run is: plan, runtime, profile and the
 * certificates of the report endpoint.
 *
 * <p>A pod is made from it, so whoever may write ConfigMaps could have a pod made that the runtime
 * does not allow: by planting one under the name, or by putting another in its place later. The
 * digest of its content therefore goes into the EvalJob's status, which only the operator writes,
 * and into the pod's environment; both sides use nothing that does not match it.
 */
public final class PlanConfigMap {
  /** Key of the plan that the runner reads. */
  public static final String PLAN = "plan.json";

  static final String RUNTIME = "runtime.json";
  static final String PROFILE = "profile.json";
  static final String CERTIFICATES = "ca.crt";

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
            digest(data));
    Map<String, String> labels = Labels.of(job, model.spec().name());
    labels.put(Labels.RUN, Long.toString(run.number()));
    labels.put(Labels.CONTENT, Labels.PLAN);
    return new ConfigMapBuilder()
        .withMetadata(ChildMetadata.of(job, name, labels))
        .withData(data)
        .withImmutable(true)
        .build();
  }

  /** What a plan ConfigMap holds, as {@code sha256:} and 64 hexadecimal digits. */
  public static String digest(ConfigMap configMap) {
    return digest(Optional.ofNullable(configMap.getData()).orElse(Map.of()));
  }

  /** The runner computes the same from the files that it sees. */
  private static String digest(Map<String, String> data) {
    List<String> parts = new ArrayList<>();
    new TreeMap<>(data)
        .forEach(
            (key, value) -> {
              parts.add(key);
              parts.add(value);
            });
    return "sha256:" + ContentHash.of(parts.toArray(String[]::new)).hex();
  }

  /**
   * Whether an object found under a plan's name is the plan that was made.
   *
   * @param found what is there now
   * @param job the EvalJob it was made for
   * @param digest what {@link #digest} said when it was made
   */
  public static boolean isPlan(ConfigMap found, EvalJob job, String digest) {
    boolean onlyData = found.getBinaryData() == null || found.getBinaryData().isEmpty();
    return found.getMetadata().getDeletionTimestamp() == null
        && ChildMetadata.isChild(found, job)
        && Boolean.TRUE.equals(found.getImmutable())
        && onlyData
        && digest(found).equals(digest);
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

package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Stage;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Map;
import java.util.TreeMap;

/** Labels of all children, in one place. */
public final class Labels {
  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  public static final String MANAGED_BY_VALUE = "evaljob-operator";
  public static final String NAME = "app.kubernetes.io/name";
  public static final String NAME_VALUE = "evaljob";
  public static final String JOB = "evaljob.io/job";
  public static final String JOB_UID = "evaljob.io/job-uid";
  public static final String MODEL = "evaljob.io/model";
  public static final String STAGE = "evaljob.io/stage";
  public static final String RUN = "evaljob.io/run";
  public static final String ATTEMPT = "evaljob.io/attempt";

  /** Kueue's: the LocalQueue that admits the Job that has this label. */
  public static final String QUEUE = "kueue.x-k8s.io/queue-name";

  /** What a ConfigMap holds: {@code runner}, {@code plan} or {@code results}. */
  public static final String CONTENT = "evaljob.io/content";

  /** Content of a plan. */
  public static final String PLAN = "plan";

  /** Content of a runner. */
  public static final String RUNNER = "runner";

  /** Annotation of pods: the EvalRuntime, for the one-machine mode, which has no images. */
  public static final String RUNTIME_ANNOTATION = "evaljob.io/runtime";

  private Labels() {}

  /** What every object of the operator has; selects them all. */
  public static Map<String, String> common() {
    Map<String, String> labels = new TreeMap<>();
    labels.put(MANAGED_BY, MANAGED_BY_VALUE);
    labels.put(NAME, NAME_VALUE);
    return labels;
  }

  /** What every child of one job has. */
  public static Map<String, String> of(EvalJob job) {
    Map<String, String> labels = common();
    labels.put(JOB, job.getMetadata().getName());
    labels.put(JOB_UID, job.getMetadata().getUid());
    return labels;
  }

  /** What every child of one model has. */
  public static Map<String, String> of(EvalJob job, String model) {
    Map<String, String> labels = of(job);
    labels.put(MODEL, model);
    return labels;
  }

  /** What the Job of one attempt at a stage and its pods have. */
  static Map<String, String> of(EvalJob job, String model, Run run, Stage stage, int attempt) {
    Map<String, String> labels = of(job, model);
    labels.put(RUN, Long.toString(run.number()));
    labels.put(STAGE, Names.word(stage));
    labels.put(ATTEMPT, Integer.toString(attempt));
    return labels;
  }

  /** The value of a label of an object; empty text where it has no such label. */
  public static String value(HasMetadata object, String key) {
    Map<String, String> labels = object.getMetadata().getLabels();
    return labels == null ? "" : labels.getOrDefault(key, "");
  }
}

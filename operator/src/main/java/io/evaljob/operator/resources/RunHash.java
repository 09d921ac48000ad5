package io.evaljob.operator.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.operator.validate.RunDefinition;

/** Identifies what a run evaluates: its work folder is named by it, so old work never leaks. */
public final class RunHash {
  private static final int DIGITS = 32;

  private RunHash() {}

  /**
   * The first 32 hexadecimal digits of SHA-256 over the job's UID, its run ID, what defines the run
   * and the image as the runtime names it.
   */
  public static String of(EvalJob job, EvalRuntime runtime) {
    ObjectNode definition = RunDefinition.of(job.getSpec());
    return ContentHash.of(
            "run",
            job.getMetadata().getUid(),
            job.getSpec().runIDOrDefault(),
            Json.write(definition),
            runtime.getSpec().image())
        .hex()
        .substring(0, DIGITS);
  }
}

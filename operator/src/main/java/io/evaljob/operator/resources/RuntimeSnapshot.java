package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.EvalRuntimeSpec;

/**
 * {@code runtime.json}: the runtime as it was when the plan was made. Later stages read only this,
 * so that an edited runtime never puts two images into one score.
 *
 * @param name name of the EvalRuntime
 * @param spec its spec, without what only validation needs
 */
public record RuntimeSnapshot(String name, EvalRuntimeSpec spec) {

  static RuntimeSnapshot of(EvalRuntime runtime) {
    EvalRuntimeSpec spec = runtime.getSpec();
    return new RuntimeSnapshot(
        runtime.getMetadata().getName(),
        new EvalRuntimeSpec(
            spec.harness(),
            spec.vlmevalkit(),
            spec.command(),
            spec.image(),
            spec.local(),
            spec.imagePullSecretNames(),
            spec.serviceAccountName(),
            spec.pod(),
            spec.resources(),
            null, // in plan.json
            spec.cache(),
            null, // what authors may name is checked already, and is not for pods to read
            null));
  }
}

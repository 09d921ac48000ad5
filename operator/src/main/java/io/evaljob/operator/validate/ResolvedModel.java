package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.ModelSpec;
import io.evaljob.operator.plan.ModelPlan;
import java.util.Optional;

/**
 * One model with all that decides how it runs.
 *
 * @param spec as the job names it
 * @param profile its profile; empty when nobody has one
 * @param plan its processes, devices and split
 */
public record ResolvedModel(ModelSpec spec, Optional<ResolvedProfile> profile, ModelPlan plan) {}

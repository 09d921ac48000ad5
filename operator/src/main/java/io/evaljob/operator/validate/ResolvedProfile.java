package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.ModelProfileSpec;

/**
 * A profile and where it was found.
 *
 * @param name name of the ModelProfile
 * @param origin where it was found
 * @param spec its figures
 */
public record ResolvedProfile(String name, Origin origin, ModelProfileSpec spec) {
  /** Where a profile can be, in the order of the search. */
  public enum Origin {
    /** The namespace of the job. */
    Namespace,
    /** The namespace of the operator. */
    Operator,
    /** The catalogue built into the jar. */
    Catalogue
  }
}

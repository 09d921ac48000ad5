package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.FailureCause;

/**
 * Why an attempt of a stage failed.
 *
 * @param cause one of the closed list
 * @param message one sentence for people, as reported: not yet bounded
 */
public record StageFailure(FailureCause cause, String message) {}

package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.WaitingReason;

/**
 * Why something waits.
 *
 * @param reason one of the closed list
 * @param message one sentence with the remedy, not yet bounded
 */
public record Wait(WaitingReason reason, String message) {}

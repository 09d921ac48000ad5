package io.evaljob.operator.observe;

/**
 * Where the Job of an attempt stands with Kueue.
 *
 * @param name the LocalQueue that its label names
 * @param suspended whether it is suspended: not admitted yet, or evicted
 */
public record QueuePlace(String name, boolean suspended) {}

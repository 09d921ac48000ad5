package io.evaljob.operator.plan;

/**
 * A device of this machine.
 *
 * @param id as the process variable names it, such as {@code 4} or {@code GPU-6f1...}
 * @param memoryBytes total memory in bytes; 0 when unknown
 */
public record VisibleDevice(String id, long memoryBytes) {}

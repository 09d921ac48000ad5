package io.evaljob.operator.quota;

/**
 * A demand in the queue.
 *
 * @param position from 1, among the demands for the same resource
 * @param demand the demand
 */
public record Place(int position, Demand demand) {}

package io.evaljob.operator.plan;

/**
 * The most devices that a model can be given by somebody.
 *
 * @param devices the most, 0 or more
 * @param by who gives no more, such as {@code EvalQuota vlm-gpus}
 */
public record DeviceLimit(int devices, String by) {}

package io.evaljob.operator.plan;

/**
 * The job's {@code spec.split}.
 *
 * @param strategy the strategy asked for
 * @param contextTokens tokens of context that KV cache and logits are planned for, 0 or more
 * @param reservePercent share of each device's memory that is left free, 0 to 90
 */
public record SplitRequest(SplitStrategy strategy, int contextTokens, int reservePercent) {}

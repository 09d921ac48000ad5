package io.evaljob.operator.quota;

import java.time.Instant;

/**
 * Devices that are charged for an attempt.
 *
 * @param key the attempt
 * @param namespace namespace of its EvalJob
 * @param job name of its EvalJob
 * @param resource extended resource
 * @param devices how many, at least 1
 * @param since when they were charged
 */
public record Charge(
    AttemptKey key, String namespace, String job, String resource, int devices, Instant since) {}

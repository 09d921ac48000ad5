package io.evaljob.operator.resources;

/**
 * What children carry that no spec says.
 *
 * @param reportUrl where the runner reports, without a path
 * @param runner the runner
 */
public record ResourceSettings(String reportUrl, RunnerArchive runner) {}

package io.evaljob.operator.resources;

/**
 * One run of a job.
 *
 * @param id {@code spec.runID}
 * @param number counts the runs of a job, from 1
 * @param hash what {@link RunHash} said when the run started; never computed again during a run,
 *     because a newer operator may know more defaults
 */
public record Run(String id, long number, String hash) {}

package io.evaljob.operator.resources;

/**
 * Where things are in the evaluating container: the only place that says so. The runner is told by
 * environment variables, and the one-machine mode rewrites them.
 */
final class ContainerPaths {
  static final String PLAN = "/evaljob/plan";
  static final String RUNNER = "/evaljob/runner";
  static final String TOKEN = "/evaljob/token";
  static final String WORKSPACE = "/evaljob/workspace";
  static final String CACHE = "/evaljob/cache";
  static final String CERTIFICATES = "/evaljob/certificates";
  static final String TMP = "/evaljob/tmp";
  static final String VOLUMES = "/mnt/evaljob";
  static final String SHARED_MEMORY = "/dev/shm";
  static final String TERMINATION_LOG = "/dev/termination-log";

  private ContainerPaths() {}
}

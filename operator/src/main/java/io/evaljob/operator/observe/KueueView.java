package io.evaljob.operator.observe;

import java.util.Map;

/**
 * What is seen of Kueue.
 *
 * @param availability whether Workloads can be read
 * @param workloads the Workloads of the EvalJob's Jobs, by the Job's UID
 */
public record KueueView(Availability availability, Map<String, Workload> workloads) {

  /** No Job of the EvalJob has a queue, so nobody looked. */
  public static final KueueView NOT_ASKED = new KueueView(Availability.READ, Map.of());

  /** Whether Workloads can be read. */
  public enum Availability {
    /** They are watched. */
    READ,

    /** The API server does not serve them: Kueue is not installed. */
    ABSENT,

    /** The operator's roles do not include reading them. */
    FORBIDDEN
  }

  /** Copies its map. */
  public KueueView {
    workloads = Map.copyOf(workloads);
  }
}

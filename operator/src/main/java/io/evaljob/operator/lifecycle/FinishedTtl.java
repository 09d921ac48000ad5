package io.evaljob.operator.lifecycle;

import java.time.Duration;
import java.time.Instant;

/** Deletes an EvalJob some time after its run has ended, where the spec wants that. */
final class FinishedTtl {

  private FinishedTtl() {}

  /** An invalid spec has no run that ended, and stays until somebody reads why. */
  static void apply(Pass pass) {
    pass.input()
        .job()
        .getSpec()
        .ttlSecondsAfterFinishedIfSet()
        .filter(ttl -> pass.input().settings().deletesFinished())
        .ifPresent(ttl -> pass.before().completionTimeIfSet().ifPresent(end -> at(pass, end, ttl)));
  }

  private static void at(Pass pass, String end, int ttl) {
    Duration left =
        Duration.between(pass.input().now(), Instant.parse(end).plus(Duration.ofSeconds(ttl)));
    if (left.compareTo(Duration.ZERO) > 0) {
      pass.again(left);
    } else {
      pass.act(new Action.DeleteEvalJob());
    }
  }
}

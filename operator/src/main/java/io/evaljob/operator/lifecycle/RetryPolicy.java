package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.FailureCause;
import java.time.Duration;

/** How often a failed attempt is tried again, by its cause, and how long that waits. */
final class RetryPolicy {

  private RetryPolicy() {}

  /**
   * The retries a cause is worth.
   *
   * @param cause why the attempt failed
   * @param retryLimit what the spec allows at most, from 0
   * @return at most {@code retryLimit}, but one for a report that was lost: the work is done then
   */
  static int limit(FailureCause cause, int retryLimit) {
    return switch (cause) {
      // The same again would end the same.
      case PreflightFailed,
          DialectMismatch,
          SplitNotApplicable,
          SplitChangesAnswers,
          ModelNotFound,
          DatasetNotFound ->
          0;
      case OutOfMemory, Unknown, DatasetFailed -> Math.min(1, retryLimit);
      case ReportRejected -> Math.max(1, retryLimit);
      default -> retryLimit;
    };
  }

  /**
   * Whether a failed attempt is tried again.
   *
   * @param cause why it failed
   * @param retries retries charged in this stage so far
   * @param sameCause attempts of this stage before this one that failed for the same cause
   * @param retryLimit what the spec allows
   */
  static boolean again(FailureCause cause, int retries, int sameCause, int retryLimit) {
    int ofCause = limit(cause, retryLimit);
    return sameCause < ofCause && retries < Math.max(retryLimit, ofCause);
  }

  /**
   * How long an attempt waits after the failure before it.
   *
   * @param failures attempts of the stage that failed or were disrupted, from 1
   * @return nothing after the first, then doubling
   */
  static Duration delay(int failures, LifecycleSettings settings) {
    if (failures <= 1) {
      return Duration.ZERO;
    }
    long factor = 1L << Math.min(20, failures - 2);
    Duration delay = settings.firstDelay().multipliedBy(factor);
    return delay.compareTo(settings.longestDelay()) > 0 ? settings.longestDelay() : delay;
  }
}

package io.evaljob.operator.quota;

import java.util.Comparator;

/**
 * One attempt at the stage of a model that holds devices. A charge serves the attempt it was made
 * for and no other: the one after it is admitted anew.
 *
 * @param uid UID of the EvalJob
 * @param run number of its run, from 1
 * @param model name of the model
 * @param attempt from 1
 */
public record AttemptKey(String uid, long run, String model, int attempt)
    implements Comparable<AttemptKey> {

  private static final Comparator<AttemptKey> ORDER =
      Comparator.comparing(AttemptKey::uid)
          .thenComparing(AttemptKey::run)
          .thenComparing(AttemptKey::model)
          .thenComparing(AttemptKey::attempt);

  @Override
  public int compareTo(AttemptKey other) {
    return ORDER.compare(this, other);
  }
}

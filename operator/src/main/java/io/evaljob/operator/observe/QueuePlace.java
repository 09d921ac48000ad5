package io.evaljob.operator.observe;

import java.util.OptionalInt;

/**
 * Where the Job of an attempt stands with Kueue.
 *
 * @param name the LocalQueue that its label names
 * @param suspended whether it is suspended: not admitted yet, or evicted
 * @param most the most devices that the queue can ever give, where Kueue says that the Job asks for
 *     more
 */
public record QueuePlace(String name, boolean suspended, OptionalInt most) {

  /** One of which Kueue says nothing like that. */
  public QueuePlace(String name, boolean suspended) {
    this(name, suspended, OptionalInt.empty());
  }
}

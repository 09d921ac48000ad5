package io.evaljob.operator.status;

import com.fasterxml.jackson.databind.ObjectMapper;

/** Tells whether a status would be written as it already is. */
public final class SameStatus {

  private static final ObjectMapper JSON = new ObjectMapper();

  private SameStatus() {}

  /**
   * Compares as JSON: an empty text and an absent one are the same once written.
   *
   * @param one a status
   * @param other a status of the same kind
   * @return whether writing one over the other would change nothing
   */
  public static boolean test(Object one, Object other) {
    return one.equals(other) || JSON.valueToTree(one).equals(JSON.valueToTree(other));
  }
}

package io.evaljob.operator.observe;

import java.util.List;

/** Tells a ResourceQuota's refusal from others, which has only its words. */
public final class QuotaRefusal {

  /** Used up; a limit it asks for is not set; too new to have been counted. */
  private static final List<String> WORDS =
      List.of("exceeded quota", "failed quota", "status unknown for quota");

  private QuotaRefusal() {}

  /**
   * Whether the API server refused an object because of a quota.
   *
   * @param message what it said
   */
  public static boolean isOne(String message) {
    return WORDS.stream().anyMatch(message::contains);
  }
}

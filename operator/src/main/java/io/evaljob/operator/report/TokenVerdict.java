package io.evaljob.operator.report;

/** What the API server said about a token. */
sealed interface TokenVerdict {

  /**
   * The token is good for the report endpoint and bound to a pod.
   *
   * @param namespace namespace of the service account, which is the pod's
   * @param podName name of the pod the token is bound to
   * @param podUid UID of that pod
   */
  record PodToken(String namespace, String podName, String podUid) implements TokenVerdict {}

  /**
   * The token is not good for the report endpoint.
   *
   * @param why one clause, without the token
   */
  record Rejected(String why) implements TokenVerdict {}

  /**
   * The API server could not be asked; the caller tries again.
   *
   * @param why one clause for the log
   */
  record Unanswered(String why) implements TokenVerdict {}
}

package io.evaljob.operator.report;

/** A request that cannot be served, with the answer that says why. */
final class HttpRefusal extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient HttpAnswer answer;

  HttpRefusal(int status, String why) {
    this(HttpAnswer.error(status, why));
  }

  HttpRefusal(HttpAnswer answer) {
    super("status " + answer.status(), null, false, false);
    this.answer = answer;
  }

  HttpAnswer answer() {
    return answer;
  }
}

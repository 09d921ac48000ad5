package io.evaljob.operator.sandbox.apiserver;

import java.util.List;

/** Thrown out of the store's write lock, so that nothing of a refused object is kept. */
final class AdmissionRejection extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  AdmissionRejection(String kind, String name, List<String> problems) {
    super(kind + " \"" + name + "\" is invalid: " + String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  List<String> problems() {
    return problems;
  }
}

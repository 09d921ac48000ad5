package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * What a cluster's API server does to the objects of group {@code evaljob.io} before it stores
 * them: the defaults of the schema, the schema, and the rule that a run's fields stay.
 */
public interface Admission {

  /** Writes the schema's defaults into {@code object}, in place. */
  void applyDefaults(ObjectNode object);

  /**
   * Checks one write.
   *
   * @param next the object as it would be stored, defaults included
   * @param before the stored object that it would replace; empty for a new one
   * @return every reason to refuse it, each one sentence; empty when it may be stored
   */
  List<String> problems(ObjectNode next, Optional<JsonNode> before);

  /** Admits every object as it is. */
  static Admission everything() {
    return new Admission() {
      @Override
      public void applyDefaults(ObjectNode object) {}

      @Override
      public List<String> problems(ObjectNode next, Optional<JsonNode> before) {
        return List.of();
      }
    };
  }
}

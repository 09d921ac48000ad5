package io.evaljob.operator.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * What Kueue writes into a Job that it admits, and takes out again when it evicts it: whether it is
 * suspended, and, in the pod template, more labels, annotations, node labels, tolerations and
 * scheduling gates. These are its own: a Job that has them is still the one we made.
 */
final class KueueFields {

  private KueueFields() {}

  /** Whether the Job is made for a queue. */
  static boolean belongTo(HasMetadata desired) {
    Map<String, String> labels = desired.getMetadata().getLabels();
    return labels != null && labels.containsKey(Labels.QUEUE);
  }

  /**
   * Takes Kueue's side where the two differ by what Kueue may write. More keys in a map need no
   * care: nobody asks for them.
   *
   * @param wanted the Job as we make it; changed
   * @param there the Job as it is found
   */
  static void leave(JsonNode wanted, JsonNode there) {
    ((ObjectNode) wanted.at("/spec")).remove("suspend");
    JsonNode ours = wanted.at("/spec/template/spec/tolerations");
    JsonNode theirs = there.at("/spec/template/spec/tolerations");
    if (ours.isArray() && theirs.isArray() && hasAll(theirs, ours)) {
      ((ObjectNode) wanted.at("/spec/template/spec")).set("tolerations", theirs);
    }
  }

  private static boolean hasAll(JsonNode there, JsonNode wanted) {
    return StreamSupport.stream(wanted.spliterator(), false)
        .allMatch(one -> StreamSupport.stream(there.spliterator(), false).anyMatch(one::equals));
  }
}

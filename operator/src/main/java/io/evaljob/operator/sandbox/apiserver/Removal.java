package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * What a delete request does to an object beyond removing it: a running pod stays until its kubelet
 * has ended it, an owner deleted in the foreground stays until its children are gone.
 */
final class Removal {

  /** Held by pods whose container may still run; the kubelet takes it off. */
  static final String KUBELET_FINALIZER = "evaljob.io/kubelet";

  /** Held by owners deleted in the foreground; the garbage collector takes it off. */
  static final String FOREGROUND_FINALIZER = "foregroundDeletion";

  private static final int DEFAULT_GRACE_SECONDS = 30;

  private final Optional<Integer> graceSeconds;
  private final boolean foreground;
  private final Optional<String> uid;

  private Removal(Optional<Integer> graceSeconds, boolean foreground, Optional<String> uid) {
    this.graceSeconds = graceSeconds;
    this.foreground = foreground;
    this.uid = uid;
  }

  /** Reads the options of a delete request; a body without any gives the defaults. */
  static Removal of(JsonNode options) {
    JsonNode grace = options.path("gracePeriodSeconds");
    JsonNode uid = options.path("preconditions").path("uid");
    return new Removal(
        grace.isInt() ? Optional.of(grace.asInt()) : Optional.empty(),
        "Foreground".equals(options.path("propagationPolicy").asText()),
        uid.isTextual() ? Optional.of(uid.asText()) : Optional.empty());
  }

  /** True when the request names another object that had this name. */
  boolean meansAnother(JsonNode object) {
    return uid.isPresent() && !uid.get().equals(object.path("metadata").path("uid").asText());
  }

  /** The object as it stays, marked for deletion; empty when it can go at once. */
  Optional<ObjectNode> keeps(ObjectPath path, JsonNode object, Instant now) {
    if (path.isCore("pods")) {
      boolean bound = !object.path("spec").path("nodeName").asText().isEmpty();
      String phase = object.path("status").path("phase").asText();
      boolean ended = phase.equals("Succeeded") || phase.equals("Failed");
      int grace =
          graceSeconds.orElse(
              object
                  .path("spec")
                  .path("terminationGracePeriodSeconds")
                  .asInt(DEFAULT_GRACE_SECONDS));
      return bound && !ended && grace > 0
          ? Optional.of(mark(object, KUBELET_FINALIZER, grace, now))
          : Optional.empty();
    }
    return foreground ? Optional.of(mark(object, FOREGROUND_FINALIZER, 0, now)) : Optional.empty();
  }

  private static ObjectNode mark(JsonNode object, String finalizer, int grace, Instant now) {
    ObjectNode kept = object.deepCopy();
    ObjectNode metadata = (ObjectNode) kept.get("metadata");
    if (!metadata.has("deletionTimestamp")) {
      metadata.put(
          "deletionTimestamp", now.plusSeconds(grace).truncatedTo(ChronoUnit.SECONDS).toString());
      metadata.put("deletionGracePeriodSeconds", grace);
    }
    ArrayNode finalizers =
        metadata.get("finalizers") instanceof ArrayNode present
            ? present
            : metadata.putArray("finalizers");
    for (JsonNode present : finalizers) {
      if (present.asText().equals(finalizer)) {
        return kept;
      }
    }
    finalizers.add(finalizer);
    return kept;
  }
}

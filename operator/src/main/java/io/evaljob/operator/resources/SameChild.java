package io.evaljob.operator.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Answers whether an object found under a child's name is that child: what a create that ended in
 * 409 has to know.
 */
public final class SameChild {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final List<String> MORE_OF_A_POD =
      List.of(
          "/initContainers",
          "/ephemeralContainers",
          "/hostNetwork",
          "/hostPID",
          "/hostIPC",
          "/shareProcessNamespace",
          "/hostAliases",
          "/dnsConfig",
          "/nodeName",
          "/resourceClaims");

  private static final List<String> MORE_OF_A_CONTAINER =
      List.of(
          "/args",
          "/envFrom",
          "/lifecycle",
          "/livenessProbe",
          "/readinessProbe",
          "/startupProbe",
          "/volumeDevices",
          "/securityContext/privileged",
          "/securityContext/capabilities/add");

  private SameChild() {}

  /** What stands under the name that we wanted to use. */
  public enum Verdict {
    /** Ours, and every field we set has our value: the create is done. */
    SAME,
    /** Ours, but made differently, by an older operator for instance: the next attempt. */
    DIFFERENT,
    /** Being deleted, or somebody else's: the name is taken. */
    TAKEN
  }

  /** True when the object found is ours, stays, and has every field that we set as we set it. */
  public static boolean matches(HasMetadata desired, HasMetadata found) {
    return compare(desired, found) == Verdict.SAME;
  }

  /**
   * Compares by content. Fields that only the found object has are the API server's defaults or
   * another controller's and are not looked at; names, labels and annotations prove nothing alone,
   * since anybody may write them.
   */
  public static Verdict compare(HasMetadata desired, HasMetadata found) {
    if (found.getMetadata().getDeletionTimestamp() != null || !sameController(desired, found)) {
      return Verdict.TAKEN;
    }
    if (desired instanceof PersistentVolumeClaim && found instanceof PersistentVolumeClaim claim) {
      // It may have been made larger, and a new one would lose the work.
      return isWorkspace(claim, desired) ? Verdict.SAME : Verdict.TAKEN;
    }
    if (desired instanceof ConfigMap ours
        && found instanceof ConfigMap theirs
        && !(keys(ours.getData()).equals(keys(theirs.getData()))
            && keys(ours.getBinaryData()).equals(keys(theirs.getBinaryData())))) {
      return Verdict.DIFFERENT; // every key is a file in a pod: none may be added
    }
    JsonNode wanted = MAPPER.valueToTree(desired);
    JsonNode there = MAPPER.valueToTree(found);
    if (KueueFields.belongTo(desired)) {
      KueueFields.leave(wanted, there);
    }
    return contains(there, wanted) && !doesMore(wanted, there) ? Verdict.SAME : Verdict.DIFFERENT;
  }

  /**
   * Whether a claim is the workspace that was made: empty when it was new, not a copy of another
   * claim or a volume that somebody chose, which an author may have no right to. One that outlives
   * its EvalJob has no owner, and says by a label whose it was.
   */
  private static boolean isWorkspace(PersistentVolumeClaim found, HasMetadata desired) {
    return found.getSpec().getDataSource() == null
        && found.getSpec().getDataSourceRef() == null
        && found.getSpec().getSelector() == null
        && (!controllerUid(desired).isEmpty()
            || Labels.value(desired, Labels.JOB_UID).equals(Labels.value(found, Labels.JOB_UID)));
  }

  /** Whether the pods of a Job run or see more than ours do; nobody's defaults are like that. */
  private static boolean doesMore(JsonNode wanted, JsonNode there) {
    String pod = "/spec/template/spec";
    return MORE_OF_A_POD.stream().anyMatch(field -> added(wanted, there, pod + field))
        || MORE_OF_A_CONTAINER.stream()
            .anyMatch(field -> added(wanted, there, pod + "/containers/0" + field));
  }

  private static boolean added(JsonNode wanted, JsonNode there, String pointer) {
    return isSet(there.at(pointer)) && !isSet(wanted.at(pointer));
  }

  private static boolean isSet(JsonNode value) {
    return !value.isMissingNode()
        && !value.isNull()
        && !(value.isBoolean() && !value.asBoolean())
        && !(value.isContainerNode() && value.isEmpty());
  }

  private static Set<String> keys(Map<String, String> data) {
    return data == null ? Set.of() : data.keySet();
  }

  /** A child without a controller (the runner) is told by its content alone. */
  private static boolean sameController(HasMetadata desired, HasMetadata found) {
    return controllerUid(desired).equals(controllerUid(found));
  }

  private static String controllerUid(HasMetadata object) {
    return object.getMetadata().getOwnerReferences().stream()
        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
        .map(OwnerReference::getUid)
        .findFirst()
        .orElse("");
  }

  private static boolean contains(JsonNode found, JsonNode desired) {
    if (desired.isObject()) {
      return found.isObject()
          && desired.properties().stream()
              .allMatch(field -> hasValue(found, field.getKey(), field.getValue()));
    }
    if (desired.isArray()) {
      return found.isArray()
          && found.size() == desired.size()
          && IntStream.range(0, desired.size())
              .allMatch(i -> contains(found.get(i), desired.get(i)));
    }
    if (desired.isIntegralNumber() && found.isIntegralNumber()) {
      return desired.longValue() == found.longValue(); // typed objects know int and long
    }
    return desired.equals(found);
  }

  private static boolean hasValue(JsonNode found, String field, JsonNode desired) {
    JsonNode value = found.path(field);
    // The API server leaves an empty text out, such as the value of an environment variable.
    if (value.isMissingNode() || value.isNull()) {
      return desired.isTextual() && desired.textValue().isEmpty();
    }
    return contains(value, desired);
  }
}

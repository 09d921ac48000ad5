package io.evaljob.operator.sandbox.controller;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the sandbox asks of pods again and again. */
public final class Pods {

  /** Annotation of a bound pod: the ids of its devices, separated by commas. */
  public static final String DEVICES_ANNOTATION = "evaljob.io/devices";

  private Pods() {}

  /** True when no container of the pod will run again. */
  public static boolean isEnded(Pod pod) {
    String phase = phase(pod);
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  /** Phase of the pod; Pending when it has no status. */
  public static String phase(Pod pod) {
    return pod.getStatus() == null || pod.getStatus().getPhase() == null
        ? "Pending"
        : pod.getStatus().getPhase();
  }

  /** True when a device scheduler has placed the pod. */
  public static boolean isBound(Pod pod) {
    String node = pod.getSpec().getNodeName();
    return node != null && !node.isEmpty();
  }

  /** True when the pod shall end. */
  public static boolean isDeleting(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() != null;
  }

  /** Ids of the devices that the pod was given. */
  public static List<String> devices(Pod pod) {
    Map<String, String> annotations = pod.getMetadata().getAnnotations();
    String ids = annotations == null ? null : annotations.get(DEVICES_ANNOTATION);
    return ids == null || ids.isEmpty() ? List.of() : List.of(ids.split(",", -1));
  }

  /** Extended resources (names with a domain) that the pod's containers ask for, in units. */
  public static Map<String, Long> extendedResources(Pod pod) {
    Map<String, Long> amounts = new LinkedHashMap<>();
    for (Container container : pod.getSpec().getContainers()) {
      if (container.getResources() == null || container.getResources().getLimits() == null) {
        continue;
      }
      for (Map.Entry<String, Quantity> limit : container.getResources().getLimits().entrySet()) {
        if (limit.getKey().contains("/")) {
          long units = limit.getValue().getNumericalAmount().longValue();
          amounts.merge(limit.getKey(), units, Long::sum);
        }
      }
    }
    return amounts;
  }

  /** Sets one condition; its transition time moves only when the status flips. */
  public static void setCondition(
      PodStatus status, String type, boolean holds, String reason, String message, String now) {
    String value = holds ? "True" : "False";
    List<PodCondition> conditions = new ArrayList<>(status.getConditions());
    String since = now;
    for (PodCondition condition : conditions) {
      if (condition.getType().equals(type) && condition.getStatus().equals(value)) {
        since = condition.getLastTransitionTime();
      }
    }
    conditions.removeIf(condition -> condition.getType().equals(type));
    conditions.add(
        new PodConditionBuilder()
            .withType(type)
            .withStatus(value)
            .withReason(reason)
            .withMessage(message)
            .withLastTransitionTime(since)
            .build());
    status.setConditions(conditions);
  }
}

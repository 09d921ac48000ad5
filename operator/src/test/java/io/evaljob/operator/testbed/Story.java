package io.evaljob.operator.testbed;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a person wants to see of a cluster when a test has failed. */
final class Story {

  /** The header of a log line of Kubernetes: level, month, day, time. */
  private static final Pattern ERROR =
      Pattern.compile("[EF]\\d{4} (\\d\\d:\\d\\d:\\d\\d)\\.\\d+.*");

  private static final int LONGEST = 40;

  private Story() {}

  /** Events since, and pods as they are. */
  static List<String> of(KubernetesClient client, String namespace, Instant since) {
    List<String> lines = new ArrayList<>();
    client.v1().events().inNamespace(namespace).list().getItems().stream()
        .filter(event -> !when(event).isBefore(since))
        .sorted(Comparator.comparing(Story::when))
        .map(
            event ->
                "event "
                    + event.getInvolvedObject().getKind()
                    + " "
                    + namespace
                    + "/"
                    + event.getInvolvedObject().getName()
                    + ": "
                    + event.getReason()
                    + ": "
                    + event.getMessage())
        .forEach(lines::add);
    client
        .pods()
        .inNamespace(namespace)
        .list()
        .getItems()
        .forEach(
            pod ->
                lines.add(
                    "pod "
                        + namespace
                        + "/"
                        + pod.getMetadata().getName()
                        + ": "
                        + pod.getStatus().getPhase()
                        + " on "
                        + pod.getSpec().getNodeName()
                        + containers(pod)));
    return last(lines);
  }

  /** How containers are, and how they ended before. */
  private static String containers(Pod pod) {
    StringBuilder text = new StringBuilder();
    for (ContainerStatus status : pod.getStatus().getContainerStatuses()) {
      text.append("; ").append(status.getName());
      for (ContainerState state : List.of(status.getState(), status.getLastState())) {
        if (state.getWaiting() != null) {
          text.append(" waits: ").append(state.getWaiting().getReason());
        }
        if (state.getTerminated() != null) {
          text.append(" ended with ")
              .append(state.getTerminated().getExitCode())
              .append(": ")
              .append(state.getTerminated().getMessage());
        }
      }
    }
    return text.toString();
  }

  private static Instant when(Event event) {
    if (event.getEventTime() != null && event.getEventTime().getTime() != null) {
      return Instant.parse(event.getEventTime().getTime());
    }
    String time =
        event.getLastTimestamp() != null
            ? event.getLastTimestamp()
            : event.getMetadata().getCreationTimestamp();
    // Written in whole seconds: what happened in the first one belongs to it.
    return Instant.parse(time).plusMillis(999);
  }

  /** Lines that components wrote as errors since. */
  static List<String> errors(List<Component> components, Instant since) {
    LocalTime start = LocalTime.ofInstant(since, ZoneId.systemDefault()).withNano(0);
    List<String> lines = new ArrayList<>();
    for (Component component : components) {
      List<String> errors = new ArrayList<>();
      try {
        for (String line : Files.readAllLines(component.log(), StandardCharsets.UTF_8)) {
          Matcher matcher = ERROR.matcher(line);
          if (matcher.matches() && !LocalTime.parse(matcher.group(1)).isBefore(start)) {
            errors.add(component.name() + ": " + line);
          }
        }
      } catch (IOException e) {
        errors.add(component.name() + ": its log cannot be read: " + e.getMessage());
      }
      lines.addAll(last(errors));
    }
    return lines;
  }

  private static List<String> last(List<String> lines) {
    return lines.subList(Math.max(0, lines.size() - LONGEST), lines.size());
  }
}

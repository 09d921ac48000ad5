package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A field selector: requirements that must all hold. Supported are the fields that a cluster's API
 * server supports for the kinds that EvalJobs need; any other is refused, as there.
 */
record FieldSelector(List<Requirement> requirements) {

  /** Commas that are not escaped. */
  private static final Pattern COMMA = Pattern.compile("(?<!\\\\),");

  private static final Pattern REQUIREMENT =
      Pattern.compile("(?<field>[^=!]+)(?<operator>!=|==|=)(?<value>.*)", Pattern.DOTALL);

  /** JSON pointers of the fields, by kind; a field that is absent counts as empty. */
  private static final Map<String, Map<String, String>> FIELDS =
      Map.of(
          "pods",
              Map.of(
                  "spec.nodeName", "/spec/nodeName",
                  "spec.restartPolicy", "/spec/restartPolicy",
                  "spec.schedulerName", "/spec/schedulerName",
                  "spec.serviceAccountName", "/spec/serviceAccountName",
                  "status.phase", "/status/phase",
                  "status.podIP", "/status/podIP",
                  "status.nominatedNodeName", "/status/nominatedNodeName"),
          "events",
              Map.of(
                  "involvedObject.kind", "/involvedObject/kind",
                  "involvedObject.namespace", "/involvedObject/namespace",
                  "involvedObject.name", "/involvedObject/name",
                  "involvedObject.uid", "/involvedObject/uid",
                  "involvedObject.apiVersion", "/involvedObject/apiVersion",
                  "involvedObject.fieldPath", "/involvedObject/fieldPath",
                  "reason", "/reason",
                  "reportingComponent", "/reportingComponent",
                  "source", "/source/component",
                  "type", "/type"),
          "secrets", Map.of("type", "/type"),
          "namespaces", Map.of("status.phase", "/status/phase"));

  private static final Map<String, String> OF_EVERY_KIND =
      Map.of(
          "metadata.name", "/metadata/name",
          "metadata.namespace", "/metadata/namespace");

  /**
   * One requirement.
   *
   * @param pointer where the field is
   * @param value what it must be
   * @param negated true when it must be anything else
   */
  record Requirement(String pointer, String value, boolean negated) {

    boolean holds(JsonNode object) {
      return object.at(pointer).asText().equals(value) != negated;
    }
  }

  FieldSelector {
    requirements = List.copyOf(requirements);
  }

  /**
   * Reads a selector; an empty text selects everything.
   *
   * @param kind where it is used
   * @throws SelectorException when it is not one, or names a field that this kind cannot be
   *     selected by
   */
  static FieldSelector parse(ObjectPath kind, String text) {
    List<Requirement> requirements = new ArrayList<>();
    if (!text.isEmpty()) {
      for (String part : COMMA.split(text, -1)) {
        Matcher matcher = REQUIREMENT.matcher(part);
        if (!matcher.matches()) {
          throw new SelectorException(
              "invalid field selector: \"" + part + "\": it is not of the form field=value");
        }
        requirements.add(
            new Requirement(
                pointer(kind, matcher.group("field")),
                matcher.group("value").replaceAll("\\\\([,=\\\\])", "$1"),
                matcher.group("operator").equals("!=")));
      }
    }
    return new FieldSelector(requirements);
  }

  private static String pointer(ObjectPath kind, String field) {
    Map<String, String> own =
        kind.group().isEmpty() ? FIELDS.getOrDefault(kind.plural(), Map.of()) : Map.of();
    return Optional.ofNullable(own.getOrDefault(field, OF_EVERY_KIND.get(field)))
        .orElseThrow(() -> new SelectorException("field label not supported: " + field));
  }

  boolean matches(JsonNode object) {
    return requirements.stream().allMatch(requirement -> requirement.holds(object));
  }
}

package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Holds objects to the schemas of the API, as an API server would: fields, types, bounds, patterns,
 * keys that occur twice and rules; all mistakes at once, in the order of the object.
 *
 * <p>Of other kinds, those that an evaluation needs beside it pass with a look at their metadata;
 * any other is a mistake.
 */
public final class SchemaCheck {
  /** Kinds of Kubernetes that may stand beside an EvalJob. */
  private static final List<String> CORE =
      List.of("ConfigMap", "Namespace", "PersistentVolumeClaim", "Secret");

  private SchemaCheck() {}

  /**
   * Checks one object that came from no file.
   *
   * @return the mistakes, none when it is good
   */
  public static List<SchemaProblem> check(JsonNode object) {
    if (object instanceof ObjectNode node) {
      return check(new Manifest("", Optional.empty(), node, Map.of()));
    }
    return List.of(
        new SchemaProblem(
            "",
            Position.UNKNOWN,
            "",
            "",
            "this is not an object",
            "start it with apiVersion and kind"));
  }

  /**
   * Checks one object of a file.
   *
   * @return the mistakes with their places, none when it is good
   */
  public static List<SchemaProblem> check(Manifest manifest) {
    Findings findings = new Findings(manifest, Definitions.schema(manifest.kind()));
    if (kind(manifest, findings)) {
      MetadataCheck.check(manifest.object().get("metadata"), findings);
      Definitions.schema(manifest.kind())
          .ifPresent(schema -> new ValueCheck(schema, findings).check(manifest.object()));
    }
    return findings.problems();
  }

  /**
   * Checks everything that was read, and that no object is there twice.
   *
   * @return what could not be read and what is wrong with the rest
   */
  public static List<SchemaProblem> checkAll(Manifests manifests) {
    List<SchemaProblem> problems = new ArrayList<>();
    Map<String, Manifest> seen = new HashMap<>();
    for (Manifest manifest : manifests.documents()) {
      problems.addAll(check(manifest));
      if (!manifest.name().isEmpty()) {
        Manifest other =
            seen.putIfAbsent(
                manifest.kind() + " " + manifest.namespace() + "/" + manifest.name(), manifest);
        if (other != null) {
          problems.add(
              new SchemaProblem(
                  manifest.source(),
                  manifest.position("/metadata/name"),
                  "metadata.name",
                  "",
                  "there is already "
                      + manifest.kind()
                      + " "
                      + manifest.name()
                      + (other.position("").isKnown()
                          ? " in line " + other.position("/metadata/name").line()
                          : "")
                      + (other.source().isEmpty() ? "" : " of " + other.source()),
                  "give one of them another name, or remove it"));
        }
      }
    }
    problems.addAll(manifests.problems());
    return problems;
  }

  /** Checks kind and API version; false when nothing more can be said. */
  private static boolean kind(Manifest manifest, Findings findings) {
    String kind = manifest.kind();
    TreeSet<String> supported = new TreeSet<>(CORE);
    supported.addAll(Definitions.kinds());
    if (!supported.contains(kind)) {
      if (kind.isEmpty()) {
        findings.add("/kind", "", "is missing", "add it: " + String.join(", ", supported));
      } else {
        findings.add(
            "/kind",
            Findings.show(manifest.object().get("kind")),
            "is not a kind that is read here",
            Nearest.to(kind, supported)
                .map(near -> "did you mean " + near + "?")
                .orElse("use one of: " + String.join(", ", supported)));
      }
      return false;
    }
    String wanted = CORE.contains(kind) ? "v1" : Definitions.apiVersion();
    if (!manifest.apiVersion().equals(wanted)) {
      JsonNode found = manifest.object().get("apiVersion");
      findings.add(
          "/apiVersion",
          Findings.show(found),
          found == null ? "is missing" : "is not an API version of " + kind,
          "write " + wanted);
    }
    return true;
  }
}

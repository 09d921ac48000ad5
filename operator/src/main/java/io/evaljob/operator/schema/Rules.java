package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The rules of the schemas (CEL) once more in Java, because there is no API server to evaluate them
 * offline and on one machine.
 *
 * <p>Each is found by the text of the CEL expression, so a rule cannot change in one place only: a
 * test demands a twin for every rule but the one that compares with the old object.
 */
final class Rules {
  private static final String NO_PARENT = "!self.%1$s.split('/').exists(p, p == '..')";

  private static final String LABEL_KEY =
      "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";
  private static final Pattern LABEL_KEY_PATTERN =
      Pattern.compile(LABEL_KEY.replace("$", "\\z"), Pattern.UNIX_LINES);

  private static final String EXTENDED_RESOURCE =
      "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";
  private static final Pattern EXTENDED_RESOURCE_PATTERN =
      Pattern.compile(EXTENDED_RESOURCE.replace("$", "\\z"), Pattern.UNIX_LINES);

  private static final String DEVICES =
      "self.%1$s.all(k, type(self.%1$s[k]) == int ? self.%1$s[k] <= 65536 : "
          + "self.%1$s[k].matches('^[0-9]{1,5}$') && int(self.%1$s[k]) <= 65536)";

  private static final Map<String, Function<JsonNode, List<String>>> TWINS =
      Map.ofEntries(
          Map.entry(
              "self.metadata.name.size() <= 52",
              self -> broken(() -> length(self.at("/metadata/name")) <= 52, "/metadata/name")),
          Map.entry(
              "size(self.models) * size(self.datasets) <= 512",
              self ->
                  broken(
                      () -> self.path("models").size() * self.path("datasets").size() <= 512,
                      "/models")),
          Map.entry(
              "self.models.map(m, has(m.deviceMap) ? size(m.deviceMap) : 0).sum() <= 2048",
              self -> broken(() -> entries(self, "deviceMap") <= 2048, "/models")),
          Map.entry(
              "!has(self.split) || !(self.split.strategy in ['None','TensorParallel'])"
                  + " || self.models.all(m, !has(m.deviceMap))",
              Rules::deviceMapsBesideAnotherSplit),
          Map.entry(
              "!has(self.split) || self.split.onOutOfMemory != 'Replan'"
                  + " || self.models.exists(m, !has(m.deviceMap))",
              Rules::replanOfDeviceMaps),
          Map.entry(
              "self.models.all(m, !has(m.volume) || (has(self.storage)"
                  + " && has(self.storage.volumes)"
                  + " && self.storage.volumes.exists(v, v.name == m.volume.name)))",
              self -> volumesNotDeclared(self, "models")),
          Map.entry(
              "self.datasets.all(d, !has(d.volume) || (has(self.storage)"
                  + " && has(self.storage.volumes)"
                  + " && self.storage.volumes.exists(v, v.name == d.volume.name)))",
              self -> volumesNotDeclared(self, "datasets")),
          Map.entry(
              "self.models.map(m, has(m.parameters) ? size(m.parameters) : 0).sum() <= 256",
              self -> broken(() -> entries(self, "parameters") <= 256, "/models")),
          Map.entry(
              "!has(self.deviceMap) || self.deviceMap.all(m, size(m) <= 128)",
              self -> broken(() -> longestKey(self.path("deviceMap")) <= 128, "/deviceMap")),
          Map.entry(
              "!has(self.parameters) || self.parameters.all(p, size(p) <= 128)",
              self -> broken(() -> longestKey(self.path("parameters")) <= 128, "/parameters")),
          Map.entry(
              "!has(self.revision) || !self.revision.contains('..')",
              self -> broken(() -> !self.path("revision").asText().contains(".."), "/revision")),
          Map.entry(
              "!has(self.nodeSelector) || self.nodeSelector.all(k, k.matches('" + LABEL_KEY + "'))",
              self ->
                  broken(
                      () -> keys(self.path("nodeSelector"), LABEL_KEY_PATTERN), "/nodeSelector")),
          Map.entry(
              "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
              self -> broken(() -> self.has("key") || exists(self), "")),
          Map.entry(
              "!has(self.value) || self.value == '' || !has(self.operator)"
                  + " || self.operator != 'Exists'",
              self ->
                  broken(() -> self.path("value").asText().isEmpty() || !exists(self), "/value")),
          Map.entry(
              "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
              self ->
                  broken(
                      () ->
                          !self.has("tolerationSeconds")
                              || self.path("effect").asText().equals("NoExecute"),
                      "/tolerationSeconds")),
          Map.entry(
              "!(has(self.hub) && has(self.volume))",
              self -> broken(() -> !(self.has("hub") && self.has("volume")), "")),
          Map.entry(NO_PARENT.formatted("path"), self -> parents(self, "path")),
          Map.entry(
              "!has(self.subPath) || " + NO_PARENT.formatted("subPath"),
              self -> parents(self, "subPath")),
          Map.entry(
              "(!has(self.datasetPath) || "
                  + NO_PARENT.formatted("datasetPath")
                  + ") && (!has(self.hubPath) || "
                  + NO_PARENT.formatted("hubPath")
                  + ")",
              self -> parents(self, "datasetPath", "hubPath")),
          Map.entry(
              "!has(self.mode) || self.mode != 'Judge' || has(self.judge)",
              self -> broken(() -> !judges(self) || self.has("judge"), "/mode")),
          Map.entry(
              "!has(self.judge) || (has(self.mode) && self.mode == 'Judge')",
              self -> broken(() -> !self.has("judge") || judges(self), "/judge")),
          Map.entry(
              "has(self.claimName) != has(self.claimTemplate)",
              self -> broken(() -> self.has("claimName") != self.has("claimTemplate"), "")),
          Map.entry(
              "!has(self.retention) || has(self.claimTemplate)",
              self ->
                  broken(() -> !self.has("retention") || self.has("claimTemplate"), "/retention")),
          Map.entry(
              "(self.harness == 'VLMEvalKit') == has(self.vlmevalkit)",
              self -> broken(() -> harness(self, "VLMEvalKit", "vlmevalkit"), "/vlmevalkit")),
          Map.entry(
              "(self.harness == 'Command') == has(self.command)",
              self -> broken(() -> harness(self, "Command", "command"), "/command")),
          Map.entry(
              "self.hard.all(k, k.matches('" + EXTENDED_RESOURCE + "'))",
              self -> broken(() -> keys(self.path("hard"), EXTENDED_RESOURCE_PATTERN), "/hard")),
          Map.entry(DEVICES.formatted("hard"), self -> deviceCounts(self, "hard")),
          Map.entry(
              "!has(self.hardPerNamespace) || self.hardPerNamespace.all(k, k in self.hard)",
              self ->
                  broken(
                      () ->
                          self.path("hardPerNamespace").properties().stream()
                              .allMatch(entry -> self.path("hard").has(entry.getKey())),
                      "/hardPerNamespace")),
          Map.entry(
              "!has(self.hardPerNamespace) || " + DEVICES.formatted("hardPerNamespace"),
              self -> deviceCounts(self, "hardPerNamespace")));

  private Rules() {}

  /**
   * The twin of a rule: from the value that the rule is about to the JSON pointers below it that
   * break the rule, none when it holds.
   *
   * @return empty when the rule has no twin
   */
  static Optional<Function<JsonNode, List<String>>> twin(String rule) {
    return Optional.ofNullable(TWINS.get(rule));
  }

  private static List<String> broken(BooleanSupplier holds, String pointer) {
    return holds.getAsBoolean() ? List.of() : List.of(pointer);
  }

  private static int length(JsonNode text) {
    return text.asText().codePointCount(0, text.asText().length());
  }

  private static int longestKey(JsonNode map) {
    int longest = 0;
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      longest = Math.max(longest, entry.getKey().codePointCount(0, entry.getKey().length()));
    }
    return longest;
  }

  private static boolean keys(JsonNode map, Pattern pattern) {
    return map.properties().stream().allMatch(entry -> pattern.matcher(entry.getKey()).find());
  }

  private static List<String> deviceCounts(JsonNode spec, String map) {
    List<String> pointers = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : spec.path(map).properties()) {
      boolean whole =
          entry.getValue().isIntegralNumber() || entry.getValue().asText().matches("[0-9]{1,5}");
      if (!whole || entry.getValue().asLong() > 65536) {
        pointers.add("/" + map);
      }
    }
    return pointers.stream().distinct().toList();
  }

  private static boolean exists(JsonNode toleration) {
    return toleration.path("operator").asText().equals("Exists");
  }

  private static int entries(JsonNode spec, String map) {
    int sum = 0;
    for (JsonNode model : spec.path("models")) {
      sum += model.path(map).size();
    }
    return sum;
  }

  private static List<String> deviceMapsBesideAnotherSplit(JsonNode spec) {
    String strategy = spec.at("/split/strategy").asText();
    List<String> pointers = new ArrayList<>();
    if (strategy.equals("None") || strategy.equals("TensorParallel")) {
      for (int i = 0; i < spec.path("models").size(); i++) {
        if (spec.get("models").path(i).has("deviceMap")) {
          pointers.add("/models/" + i + "/deviceMap");
        }
      }
    }
    return pointers;
  }

  private static List<String> replanOfDeviceMaps(JsonNode spec) {
    List<String> pointers = new ArrayList<>();
    if (spec.at("/split/onOutOfMemory").asText().equals("Replan")) {
      for (int i = 0; i < spec.path("models").size(); i++) {
        if (!spec.get("models").path(i).has("deviceMap")) {
          return List.of();
        }
      }
      pointers.add("/split/onOutOfMemory");
    }
    return pointers;
  }

  private static List<String> volumesNotDeclared(JsonNode spec, String list) {
    List<String> pointers = new ArrayList<>();
    for (int i = 0; i < spec.path(list).size(); i++) {
      JsonNode volume = spec.get(list).path(i).path("volume");
      if (volume.isObject() && !declared(spec, volume.path("name").asText())) {
        pointers.add("/" + list + "/" + i + "/volume/name");
      }
    }
    return pointers;
  }

  private static boolean declared(JsonNode spec, String name) {
    for (JsonNode volume : spec.path("storage").path("volumes")) {
      if (volume.path("name").asText().equals(name)) {
        return true;
      }
    }
    return false;
  }

  private static List<String> parents(JsonNode self, String... fields) {
    List<String> pointers = new ArrayList<>();
    for (String field : fields) {
      if (Arrays.asList(self.path(field).asText().split("/", -1)).contains("..")) {
        pointers.add("/" + field);
      }
    }
    return pointers;
  }

  private static boolean judges(JsonNode scoring) {
    return scoring.path("mode").asText().equals("Judge");
  }

  private static boolean harness(JsonNode spec, String harness, String field) {
    return spec.path("harness").asText().equals(harness) == spec.has(field);
  }
}

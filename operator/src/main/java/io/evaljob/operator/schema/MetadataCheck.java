package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;
import java.util.regex.Pattern;

/** Checks the metadata of an object of any kind. */
final class MetadataCheck {
  private static final String NAME = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
  private static final Pattern NAME_PATTERN = Pattern.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?");
  private static final int MAX_NAME = 253;

  /** Fields of metadata, those that a server writes included: a manifest may be a copy. */
  private static final List<String> FIELDS =
      List.of(
          "annotations",
          "creationTimestamp",
          "deletionGracePeriodSeconds",
          "deletionTimestamp",
          "finalizers",
          "generateName",
          "generation",
          "labels",
          "managedFields",
          "name",
          "namespace",
          "ownerReferences",
          "resourceVersion",
          "selfLink",
          "uid");

  private static final List<String> COMMON = List.of("annotations", "labels", "name", "namespace");

  private MetadataCheck() {}

  static void check(JsonNode metadata, Findings findings) {
    if (metadata == null || !metadata.isObject()) {
      findings.add("/metadata", "", "is missing", "add it, with a name below it");
      return;
    }
    for (String field : FieldNames.written(metadata)) {
      if (!FIELDS.contains(field)) {
        findings.add(
            "/metadata/" + YamlTree.escape(field),
            "",
            "is not a field of metadata",
            FieldNames.remedy(field, COMMON, MissingNode.getInstance()));
      }
    }
    name(metadata.path("name"), "/metadata/name", true, findings);
    name(metadata.path("namespace"), "/metadata/namespace", false, findings);
    texts(metadata.path("labels"), "/metadata/labels", findings);
    texts(metadata.path("annotations"), "/metadata/annotations", findings);
  }

  private static void name(JsonNode name, String pointer, boolean needed, Findings findings) {
    if (name.isMissingNode() || name.isNull()) {
      if (needed) {
        findings.add(pointer, "", "is missing", "give the object a name");
      }
    } else if (!name.isTextual()) {
      findings.add(
          pointer,
          Findings.show(name),
          "is not text",
          "put it in quotes: \"" + name.asText() + '"');
    } else if (!NAME_PATTERN.matcher(name.asText()).matches()
        || name.asText().length() > MAX_NAME) {
      PatternWords words = PatternWords.of(NAME).orElseThrow();
      findings.add(pointer, Findings.show(name), words.reason(), words.remedy());
    }
  }

  private static void texts(JsonNode map, String pointer, Findings findings) {
    if (map.isMissingNode() || map.isNull()) {
      return;
    }
    if (!map.isObject()) {
      findings.add(
          pointer,
          Findings.show(map),
          "is not a set of fields",
          "write NAME: VALUE lines below it");
      return;
    }
    map.properties()
        .forEach(
            entry -> {
              if (!entry.getValue().isTextual()) {
                findings.add(
                    pointer + "/" + YamlTree.escape(entry.getKey()),
                    Findings.show(entry.getValue()),
                    "is not text",
                    "put it in quotes: \"" + entry.getValue().asText() + '"');
              }
            });
  }
}

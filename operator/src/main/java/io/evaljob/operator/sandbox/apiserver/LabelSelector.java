package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A label selector: requirements that must all hold, by equality or by sets, as Kubernetes reads
 * them.
 */
record LabelSelector(List<Requirement> requirements) {

  /** Commas between requirements, not those within a set. */
  private static final Pattern COMMA = Pattern.compile(",(?![^(]*\\))");

  private static final String KEY = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?";
  private static final Pattern SET =
      Pattern.compile("(?<key>" + KEY + ")\\s+(?<not>not)?in\\s*\\((?<values>[^()]*)\\)");
  private static final Pattern EQUAL =
      Pattern.compile("(?<key>" + KEY + ")\\s*(?<operator>==|=|!=)\\s*(?<value>[-A-Za-z0-9_.]*)");
  private static final Pattern EXISTS = Pattern.compile("(?<not>!)?\\s*(?<key>" + KEY + ")");

  /**
   * One requirement.
   *
   * @param key the label
   * @param values what it may be; empty: anything
   * @param negated true when the label must be absent or, with values, none of them
   */
  record Requirement(String key, Set<String> values, boolean negated) {

    boolean holds(JsonNode labels) {
      boolean found =
          labels.has(key) && (values.isEmpty() || values.contains(labels.get(key).asText()));
      return found != negated;
    }
  }

  LabelSelector {
    requirements = List.copyOf(requirements);
  }

  /**
   * Reads a selector; an empty text selects everything.
   *
   * @throws SelectorException when it is not one
   */
  static LabelSelector parse(String text) {
    List<Requirement> requirements = new ArrayList<>();
    if (!text.isBlank()) {
      for (String part : COMMA.split(text, -1)) {
        requirements.add(requirement(part.strip()));
      }
    }
    return new LabelSelector(requirements);
  }

  private static Requirement requirement(String text) {
    Matcher set = SET.matcher(text);
    if (set.matches()) {
      List<String> values = new ArrayList<>();
      for (String value : set.group("values").split(",", -1)) {
        values.add(value.strip());
      }
      return new Requirement(set.group("key"), Set.copyOf(values), set.group("not") != null);
    }
    Matcher equal = EQUAL.matcher(text);
    if (equal.matches()) {
      boolean negated = equal.group("operator").equals("!=");
      return new Requirement(equal.group("key"), Set.of(equal.group("value")), negated);
    }
    Matcher exists = EXISTS.matcher(text);
    if (exists.matches()) {
      return new Requirement(exists.group("key"), Set.of(), exists.group("not") != null);
    }
    throw new SelectorException("unable to parse requirement of label selector: \"" + text + "\"");
  }

  boolean matches(JsonNode object) {
    JsonNode labels = object.path("metadata").path("labels");
    return requirements.stream().allMatch(requirement -> requirement.holds(labels));
  }
}

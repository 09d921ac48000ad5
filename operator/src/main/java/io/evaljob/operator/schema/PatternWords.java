package io.evaljob.operator.schema;

import java.util.Map;
import java.util.Optional;

/**
 * What a pattern of the schemas asks for, in words.
 *
 * @param reason what is wrong with a value that does not match
 * @param remedy how to write it
 */
record PatternWords(String reason, String remedy) {
  private static final PatternWords RELATIVE =
      new PatternWords("is not a relative path", "write it without / at the beginning");

  private static final Map<String, PatternWords> KNOWN =
      Map.ofEntries(
          Map.entry(
              "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
              new PatternWords(
                  "is not a valid name",
                  "use lower-case letters, digits and dashes, with a letter or digit at both ends")),
          Map.entry(
              "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
              new PatternWords(
                  "is not the name of an object",
                  "use lower-case letters, digits, dashes and dots, with a letter or digit at both"
                      + " ends")),
          Map.entry(
              "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
              new PatternWords(
                  "is not the name of a queue",
                  "use lower-case letters, digits and dashes, in words joined by dots")),
          Map.entry(
              "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
              new PatternWords(
                  "is not an extended resource", "write DOMAIN/NAME, for example nvidia.com/gpu")),
          Map.entry(
              "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
              new PatternWords(
                  "is not a valid ID",
                  "use letters, digits, '-', '_' and '.', with a letter or digit at both ends")),
          Map.entry(
              "^[A-Za-z0-9][A-Za-z0-9._+-]*$",
              new PatternWords(
                  "is not a name in the catalogue of a harness",
                  "use letters, digits, '.', '_', '+' and '-', with a letter or digit first")),
          Map.entry(
              "^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$",
              new PatternWords(
                  "is not a repository of the model hub",
                  "write OWNER/NAME, for example OpenGVLab/InternVL3-78B")),
          Map.entry(
              "^[A-Za-z0-9][A-Za-z0-9._/-]*$",
              new PatternWords("is not a revision", "write a commit, a tag or a branch")),
          Map.entry(
              "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
              new PatternWords(
                  "is not the value of a label",
                  "use letters, digits, '-', '_' and '.', with a letter or digit at both ends")),
          Map.entry(
              "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
              new PatternWords(
                  "is not the key of a taint",
                  "write NAME or DOMAIN/NAME, such as nvidia.com/gpu")),
          Map.entry("^[^/].*$", RELATIVE),
          Map.entry(
              "^[^\\x00]*$",
              new PatternWords("has a character that no variable can hold", "remove \\u0000")),
          Map.entry(
              "^[-._A-Za-z0-9]+$",
              new PatternWords(
                  "is not a key of a Secret", "use letters, digits, '-', '_' and '.'")),
          Map.entry(
              "^[A-Za-z_][A-Za-z0-9_]*$",
              new PatternWords(
                  "is not the name of an environment variable",
                  "use letters, digits and '_', with no digit first")),
          Map.entry(
              "^[0-9]{1,15}(\\.[0-9]{1,9})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$",
              new PatternWords(
                  "is not a quantity",
                  "write a number with a suffix, for example 79Gi, or 500m for half a core")),
          Map.entry(
              "^(\\*|\\*?[^*]+|[^*]+\\*)$",
              new PatternWords(
                  "has a * where none is allowed", "keep one *, at the beginning or at the end")),
          Map.entry("^[^ ]+$", new PatternWords("is not an image", "write it without spaces")),
          Map.entry(
              "^[A-Za-z0-9][A-Za-z0-9._-]*(\\[[A-Za-z0-9._,-]+\\])?==[^ ]+( *;.*)?$",
              new PatternWords(
                  "is not one exact version of a package",
                  "write NAME==VERSION, for example numpy==2.2.6")),
          Map.entry(
              "^https?://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[-A-Za-z0-9._~/]*)?$",
              new PatternWords(
                  "is not the address of a server",
                  "write http or https, host, port and path, for example"
                      + " https://judge.vlm.svc:8000/v1")),
          Map.entry(
              "^[A-Za-z0-9][A-Za-z0-9._:/@-]*$",
              new PatternWords(
                  "is not the name of a model",
                  "use letters, digits, '.', '_', ':', '/', '@' and '-', with a letter or digit"
                      + " first")),
          Map.entry(
              "^https?://.*$",
              new PatternWords("is not a web address", "begin it with https:// or http://")),
          Map.entry(
              "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
              new PatternWords("is not a date", "write year-month-day, for example 2026-11-23")));

  /** The words for a pattern, empty when it has none. */
  static Optional<PatternWords> of(String pattern) {
    return Optional.ofNullable(KNOWN.get(pattern));
  }
}

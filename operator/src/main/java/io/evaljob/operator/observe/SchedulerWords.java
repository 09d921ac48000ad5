package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.WaitingReason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Shortens what the scheduler says of a pod for which it has no node: on how many nodes what stands
 * in the way, the most frequent first. What it says of preemption comes after that and helps
 * nobody.
 */
final class SchedulerWords {

  private static final int CAUSES = 3;
  private static final int CAUSE = 80;
  private static final int UNKNOWN = 300;

  private static final Pattern SENTENCE =
      Pattern.compile("0/(\\d+) nodes are available: (.*?)(?:\\.(?:\\s|$)|$)", Pattern.DOTALL);

  private static final Pattern COUNTED = Pattern.compile("(\\d+) (.*)", Pattern.DOTALL);

  private record Cause(long nodes, String words) {}

  private SchedulerWords() {}

  /** What an unbound pod waits for. */
  static Wait read(String message) {
    Matcher sentence = SENTENCE.matcher(message);
    if (!sentence.find()) {
      return wait(
          message, "The scheduler has no node for the pod: " + Excerpt.of(message, UNKNOWN));
    }
    List<Cause> causes = causes(sentence.group(2));
    String first = causes.get(0).words();
    boolean one = sentence.group(1).equals("1");
    return wait(
        first,
        (one ? "The only node does not take" : "None of " + sentence.group(1) + " nodes takes")
            + " the pod: "
            + told(causes));
  }

  private static List<Cause> causes(String text) {
    List<Cause> causes = new ArrayList<>();
    // A cause may have commas of its own.
    for (String part : text.split(", (?=\\d+ )", -1)) {
      Matcher counted = COUNTED.matcher(part.strip());
      causes.add(
          counted.matches() && counted.group(1).length() < 10
              ? new Cause(Long.parseLong(counted.group(1)), counted.group(2))
              : new Cause(0, part.strip()));
    }
    causes.sort(
        Comparator.comparing(Cause::nodes, Comparator.reverseOrder()).thenComparing(Cause::words));
    return causes;
  }

  private static String told(List<Cause> causes) {
    List<String> told = new ArrayList<>();
    for (Cause cause : causes.subList(0, Math.min(CAUSES, causes.size()))) {
      told.add((cause.nodes() > 0 ? cause.nodes() + " " : "") + Excerpt.of(cause.words(), CAUSE));
    }
    long rest = causes.stream().skip(CAUSES).mapToLong(Cause::nodes).sum();
    if (rest > 0) {
      told.add(rest + " for other causes");
    }
    return String.join(", ", told);
  }

  private static Wait wait(String cause, String told) {
    String lower = cause.toLowerCase(Locale.ROOT);
    if (lower.contains("persistentvolume")
        || lower.contains("volume node affinity")
        || lower.contains("volumes to bind")) {
      return new Wait(
          WaitingReason.VolumeNotBound, told + "; check the claim and its storage class.");
    }
    return new Wait(WaitingReason.Unschedulable, told + "; " + remedy(lower) + ".");
  }

  private static String remedy(String cause) {
    if (cause.contains("insufficient") && cause.contains("/")) {
      return "it starts when devices become free, or ask for fewer";
    }
    if (cause.contains("insufficient") || cause.contains("too many pods")) {
      return "it starts when others end, or ask for less in spec.resources";
    }
    if (cause.contains("taint")) {
      return "tolerate it in spec.placement.tolerations, or have the node mended where it is its own";
    }
    if (cause.contains("affinity") || cause.contains("selector")) {
      return "change spec.placement or spec.accelerator.minMemory, or label the nodes";
    }
    return "it starts when devices become free, or change accelerator or placement";
  }
}

package io.evaljob.operator.status;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.Reason;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Merges the conditions that hold now into those written before. */
public final class Conditions {

  private Conditions() {}

  /**
   * A condition as it holds now, without its history.
   *
   * @param type which
   * @param holds whether its status is True
   * @param reason why, of the closed list
   * @param message for people, may be empty; cut to its bound when merged
   */
  public record Now(ConditionType type, boolean holds, Reason reason, String message) {}

  /**
   * Merges. {@code lastTransitionTime} moves only where the status flips; conditions of other types
   * stay as they are.
   *
   * @param before what is written
   * @param now what holds
   * @param generation generation of the object that {@code now} was made for
   * @param at the time of the merge
   * @return the conditions to write, in the order of {@code now}, then foreign ones
   */
  public static List<Condition> merge(
      List<Condition> before, List<Now> now, long generation, Instant at) {
    List<Condition> merged = new ArrayList<>();
    for (Now current : now) {
      String status = current.holds() ? "True" : "False";
      String since =
          find(before, current.type())
              .filter(old -> old.status().equals(status))
              .map(Condition::lastTransitionTime)
              .orElseGet(() -> time(at));
      merged.add(
          new Condition(
              current.type().name(),
              status,
              current.reason().name(),
              Bounds.cut(current.message(), Bounds.CONDITION_MESSAGE),
              generation,
              since));
    }
    for (Condition old : before) {
      if (now.stream().noneMatch(current -> current.type().name().equals(old.type()))) {
        merged.add(old);
      }
    }
    return merged;
  }

  /**
   * One condition.
   *
   * @param conditions where to look
   * @param type which
   * @return the condition, empty where it was never written
   */
  public static Optional<Condition> find(List<Condition> conditions, ConditionType type) {
    return conditions.stream()
        .filter(condition -> condition.type().equals(type.name()))
        .findFirst();
  }

  /**
   * Whether a condition is written and True.
   *
   * @param conditions where to look
   * @param type which
   * @return false where it was never written
   */
  public static boolean holds(List<Condition> conditions, ConditionType type) {
    return find(conditions, type)
        .filter(condition -> condition.status().equals("True"))
        .isPresent();
  }

  /**
   * A time as the API writes it.
   *
   * @param at any time
   * @return RFC 3339 in whole seconds, UTC
   */
  public static String time(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
  }
}

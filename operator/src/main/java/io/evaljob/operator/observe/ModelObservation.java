package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.Stage;
import java.util.List;
import java.util.Optional;

/**
 * All that is seen of one model.
 *
 * @param attempts attempts of the present run, by stage and then by number
 * @param livePods names of pods of the model, of any run, that have not ended, and where they are:
 *     the fence
 */
public record ModelObservation(List<AttemptObservation> attempts, List<String> livePods) {

  /** A model of which nothing is seen. */
  public static final ModelObservation NOTHING = new ModelObservation(List.of(), List.of());

  /** Copies its lists. */
  public ModelObservation {
    attempts = List.copyOf(attempts);
    livePods = List.copyOf(livePods);
  }

  /**
   * One attempt.
   *
   * @param stage its stage
   * @param attempt its number, from 1
   * @return what is seen of it, empty where its Job does not exist
   */
  public Optional<AttemptObservation> attempt(Stage stage, int attempt) {
    return attempts.stream()
        .filter(seen -> seen.stage() == stage && seen.attempt() == attempt)
        .findFirst();
  }
}

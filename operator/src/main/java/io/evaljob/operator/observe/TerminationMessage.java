package io.evaljob.operator.observe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evaljob.api.v1alpha1.FailureCause;
import java.util.Optional;

/**
 * What the runner left in the container's termination message: the fallback where no report came
 * through.
 *
 * @param outcome how the stage ended
 * @param cause why it failed, {@link FailureCause#Unknown} where the message names none we know
 * @param message one sentence, at most {@value #LARGEST} characters
 * @param datasetsDone data sets whose predictions are complete (Infer) or that are scored (Score)
 * @param datasetsTotal data sets of the model
 * @param samplesDone samples done
 * @param samplesTotal samples in all, 0 when unknown
 */
public record TerminationMessage(
    Outcome outcome,
    FailureCause cause,
    String message,
    int datasetsDone,
    int datasetsTotal,
    long samplesDone,
    long samplesTotal) {

  /** The kubelet keeps no more than this of a termination message, in bytes. */
  public static final int LARGEST = 4096;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** How a stage ended, in the runner's words. */
  public enum Outcome {
    /** The stage did what it was asked. */
    Succeeded,
    /** The stage failed, and says why. */
    Failed,
    /** The stage was told to stop and wrote down what it had. */
    Terminated
  }

  /**
   * Reads a termination message leniently: anything may have written it.
   *
   * @param text what the container status carries
   * @return the message, or empty where the text is not one of the runner's
   */
  public static Optional<TerminationMessage> parse(String text) {
    if (text.isBlank() || text.length() > LARGEST) {
      return Optional.empty();
    }
    JsonNode node;
    try {
      node = JSON.readTree(text);
    } catch (JsonProcessingException notJson) {
      return Optional.empty();
    }
    if (node == null || !node.isObject()) {
      return Optional.empty();
    }
    return outcome(node.path("outcome").asText(""))
        .map(
            outcome ->
                new TerminationMessage(
                    outcome,
                    FailureCause.of(node.path("cause").asText("")),
                    node.path("message").asText(""),
                    (int) count(node, "datasetsDone"),
                    (int) count(node, "datasetsTotal"),
                    count(node, "samplesDone"),
                    count(node, "samplesTotal")));
  }

  private static long count(JsonNode node, String field) {
    return Math.max(0, Math.min(Integer.MAX_VALUE, node.path(field).asLong(0)));
  }

  private static Optional<Outcome> outcome(String name) {
    for (Outcome outcome : Outcome.values()) {
      if (outcome.name().equals(name)) {
        return Optional.of(outcome);
      }
    }
    return Optional.empty();
  }
}

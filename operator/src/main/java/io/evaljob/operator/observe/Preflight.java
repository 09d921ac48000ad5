package io.evaljob.operator.observe;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a pod found on its devices before it evaluated anything.
 *
 * @param devices the devices the evaluating process sees, by logical index
 * @param versions library name to version, as found in the pod
 * @param dialect the harness dialect found, empty where there is none to tell
 * @param notes what a reader should know, e.g. that the memory of a device could not be read
 * @param smokeTest what the short run came to, empty until it ended
 */
public record Preflight(
    List<SeenDevice> devices,
    Map<String, String> versions,
    Optional<String> dialect,
    List<String> notes,
    Optional<SmokeTest> smokeTest) {

  /** Copies its collections. */
  public Preflight {
    devices = List.copyOf(devices);
    versions = Map.copyOf(versions);
    notes = List.copyOf(notes);
  }

  /**
   * One device as the evaluating process sees it.
   *
   * @param logical the index inside the pod, from 0
   * @param physical the vendor's id of the card, e.g. {@code GPU-6f1...}; empty when unknown
   * @param memoryBytes the memory the card reports, 0 when unknown
   * @param plannedBytes weights that the plan puts there, empty where none are planned
   * @param loadedBytes weights that were loaded there, empty until they are
   */
  public record SeenDevice(
      int logical,
      String physical,
      long memoryBytes,
      OptionalLong plannedBytes,
      OptionalLong loadedBytes) {}

  /**
   * What the short run came to.
   *
   * @param outcome one word
   * @param message what was compared, or why nothing was
   */
  public record SmokeTest(String outcome, String message) {}
}

package io.evaljob.operator.observe;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a pod found on its devices before it evaluated anything.
 *
 * @param devices the devices the evaluating process sees, by logical index
 * @param versions library name to version, as found in the pod
 * @param dialect the harness dialect found, empty where there is none to tell
 * @param notes what a reader should know, e.g. that the memory of a device could not be read
 */
public record Preflight(
    List<SeenDevice> devices,
    Map<String, String> versions,
    Optional<String> dialect,
    List<String> notes) {

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
   */
  public record SeenDevice(int logical, String physical, long memoryBytes) {}
}

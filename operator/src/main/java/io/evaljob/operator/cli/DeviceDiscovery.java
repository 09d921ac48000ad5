package io.evaljob.operator.cli;

import io.evaljob.operator.plan.VisibleDevice;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Finds the devices of this machine: what {@code CUDA_VISIBLE_DEVICES} names when it is set, else
 * what {@code nvidia-smi} lists, else none. {@code nvidia-smi} ignores the variable, so it only
 * tells the memory of what the variable names.
 */
final class DeviceDiscovery {

  static final String VARIABLE = "CUDA_VISIBLE_DEVICES";

  private static final long MEBI = 1L << 20;

  /**
   * The devices and where they come from.
   *
   * @param devices in the order in which processes get them
   * @param origin for people, such as {@code CUDA_VISIBLE_DEVICES=4,5,6,7}
   * @param pretended whether a user only said they are there
   */
  record Found(List<VisibleDevice> devices, String origin, boolean pretended) {
    Found {
      devices = List.copyOf(devices);
    }
  }

  /** A card as {@code nvidia-smi} lists it; memory in bytes, 0 when it would not say. */
  record Card(String index, String uuid, long memoryBytes) {}

  private DeviceDiscovery() {}

  /**
   * Finds the devices.
   *
   * @param pretend the value of {@code --devices}, empty when it was not given
   * @param environment this process's environment
   * @param cards what {@code nvidia-smi} lists
   * @throws UsageProblem when {@code --devices} cannot be read or contradicts the variable
   */
  static Found find(String pretend, Map<String, String> environment, List<Card> cards) {
    String variable = environment.get(VARIABLE);
    if (!pretend.isEmpty()) {
      return pretended(pretend, variable);
    }
    if (variable != null) {
      return new Found(named(variable, cards), VARIABLE + "=" + variable, false);
    }
    List<VisibleDevice> devices = new ArrayList<>();
    for (Card card : cards) {
      devices.add(new VisibleDevice(card.index(), card.memoryBytes()));
    }
    return new Found(
        devices, devices.isEmpty() ? "no device found" : "as nvidia-smi lists them", false);
  }

  private static Found pretended(String pretend, String variable) {
    int colon = pretend.indexOf(':');
    String count = colon < 0 ? pretend : pretend.substring(0, colon);
    if (!count.matches("[0-9]{1,3}")) {
      throw new UsageProblem(
          "--devices: %s is not a number of devices; write N or N:MEMORY, for example 4:79Gi"
              .formatted(pretend));
    }
    int devices = Integer.parseInt(count);
    long memory = colon < 0 ? 0 : memory(pretend, pretend.substring(colon + 1));
    List<String> ids = new ArrayList<>();
    if (variable == null || variable.isEmpty()) {
      for (int id = 0; id < devices; id++) {
        ids.add(Integer.toString(id));
      }
    } else {
      ids.addAll(entries(variable));
      if (ids.size() != devices) {
        throw new UsageProblem(
            "--devices: %s does not agree with %s=%s, which names %d; make them agree, or unset one"
                .formatted(pretend, VARIABLE, variable, ids.size()));
      }
    }
    return new Found(
        ids.stream().map(id -> new VisibleDevice(id, memory)).toList(),
        "pretended by --devices " + pretend,
        true);
  }

  private static long memory(String pretend, String amount) {
    Optional<BigDecimal> bytes = Optional.empty();
    try {
      bytes = Optional.of(Quantity.getAmountInBytes(Quantity.parse(amount)));
    } catch (IllegalArgumentException e) {
      // Said below, together with amounts that parse but make no sense.
    }
    return bytes
        .filter(value -> value.signum() > 0)
        .map(BigDecimal::longValue)
        .orElseThrow(
            () ->
                new UsageProblem(
                    "--devices: %s has no memory after the colon; write it as a quantity, for"
                            .formatted(pretend)
                        + " example 4:79Gi"));
  }

  private static List<VisibleDevice> named(String variable, List<Card> cards) {
    Map<String, Long> memory = new HashMap<>();
    for (Card card : cards) {
      memory.put(card.index(), card.memoryBytes());
      memory.put(card.uuid(), card.memoryBytes());
    }
    return entries(variable).stream()
        .map(id -> new VisibleDevice(id, memory.getOrDefault(id, 0L)))
        .toList();
  }

  private static List<String> entries(String variable) {
    List<String> entries = new ArrayList<>();
    for (String entry : variable.split(",", -1)) {
      String id = entry.strip();
      if (!id.isEmpty()) {
        entries.add(id);
      }
    }
    return entries;
  }

  /** What {@code nvidia-smi} lists; empty where it is missing or fails. */
  static List<Card> listCards() {
    List<Card> cards = new ArrayList<>();
    try {
      Process process =
          new ProcessBuilder(
                  "nvidia-smi",
                  "--query-gpu=index,uuid,memory.total",
                  "--format=csv,noheader,nounits")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (BufferedReader reader =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          card(line).ifPresent(cards::add);
        }
      }
      if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        return List.of();
      }
    } catch (IOException e) {
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
    return cards;
  }

  /** One line of {@code nvidia-smi}; error texts, which it also prints to its output, are none. */
  static Optional<Card> card(String line) {
    String[] cells = line.split(",", -1);
    if (cells.length != 3 || !cells[0].strip().matches("[0-9]+")) {
      return Optional.empty();
    }
    String memory = cells[2].strip();
    long bytes = memory.matches("[0-9]{1,9}") ? Long.parseLong(memory) * MEBI : 0;
    return Optional.of(new Card(cells[0].strip(), cells[1].strip(), bytes));
  }
}

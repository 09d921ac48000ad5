package io.evaljob.operator.cli;

import io.evaljob.operator.plan.VisibleDevice;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Finds the devices of this machine: what the process variable of the accelerator, such as {@code
 * CUDA_VISIBLE_DEVICES}, names when it is set, else what {@code nvidia-smi} lists, else none.
 * {@code nvidia-smi} ignores the variable, so it only tells the memory of what the variable names.
 */
final class DeviceDiscovery {

  private static final long MEBI = 1L << 20;

  /** By the shell, which looks for it in the PATH that it is given, not in that of this process. */
  private static final String LIST =
      "nvidia-smi --query-gpu=index,uuid,memory.total --format=csv,noheader,nounits";

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
   * @param variable the process variable, such as {@code CUDA_VISIBLE_DEVICES}
   * @param setting its value in this process; empty when it is not set
   * @param cards what {@code nvidia-smi} lists
   * @throws UsageProblem when {@code --devices} cannot be read or contradicts the variable, or the
   *     variable names a device twice or one that is not there
   */
  static Found find(String pretend, String variable, Optional<String> setting, List<Card> cards) {
    if (!pretend.isEmpty()) {
      return pretended(pretend, variable, setting.orElse(""));
    }
    if (setting.isPresent()) {
      List<VisibleDevice> devices = named(variable, setting.get(), cards);
      String origin = variable + "=" + setting.get();
      return new Found(devices, devices.isEmpty() ? "none, by " + origin : origin, false);
    }
    List<VisibleDevice> devices = new ArrayList<>();
    for (Card card : cards) {
      devices.add(new VisibleDevice(card.index(), card.memoryBytes()));
    }
    return new Found(devices, devices.isEmpty() ? "none found" : "as nvidia-smi lists them", false);
  }

  private static Found pretended(String pretend, String variable, String setting) {
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
    if (setting.isEmpty()) {
      for (int id = 0; id < devices; id++) {
        ids.add(Integer.toString(id));
      }
    } else {
      ids.addAll(entries(variable, setting));
      if (ids.size() != devices) {
        throw new UsageProblem(
            "--devices: %s does not agree with %s=%s, which names %d; make them agree, or unset one"
                .formatted(pretend, variable, setting, ids.size()));
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

  private static List<VisibleDevice> named(String variable, String setting, List<Card> cards) {
    return entries(variable, setting).stream()
        .map(id -> new VisibleDevice(id, memory(variable, setting, id, cards)))
        .toList();
  }

  /** A card's UUID may be cut short as long as it is the only one that starts so. */
  private static long memory(String variable, String setting, String id, List<Card> cards) {
    List<Card> matching =
        cards.stream()
            .filter(
                card -> card.index().equals(id) || (id.length() > 4 && card.uuid().startsWith(id)))
            .toList();
    if (matching.size() == 1) {
      return matching.get(0).memoryBytes();
    }
    if (!cards.isEmpty() && !id.startsWith("MIG-")) {
      throw new UsageProblem(
          "%s=%s names device %s, but nvidia-smi lists %s; correct or unset it"
              .formatted(
                  variable,
                  setting,
                  id,
                  String.join(", ", cards.stream().map(Card::index).toList())));
    }
    return 0;
  }

  /** The driver reads up to the first entry that is none, and takes no device twice. */
  private static List<String> entries(String variable, String setting) {
    List<String> entries = new ArrayList<>();
    for (String entry : setting.split(",", -1)) {
      String id = entry.strip();
      if (id.isEmpty() || id.startsWith("-") || id.equals("NoDevFiles")) {
        break;
      }
      if (entries.contains(id)) {
        throw new UsageProblem(
            "%s=%s names device %s twice; keep one of them".formatted(variable, setting, id));
      }
      entries.add(id);
    }
    return entries;
  }

  /** What {@code nvidia-smi} lists; empty where it is missing or fails. */
  static List<Card> listCards(Map<String, String> environment) {
    List<Card> cards = new ArrayList<>();
    try {
      ProcessBuilder builder =
          new ProcessBuilder("/bin/sh", "-c", "exec " + LIST)
              .redirectError(ProcessBuilder.Redirect.DISCARD);
      builder.environment().clear();
      builder.environment().putAll(environment);
      Process process = builder.start();
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

package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Checks a device map given by hand.
 *
 * <p>A module takes the device of the longest entry that names it or a module around it, under any
 * of its names. transformers itself accepts maps that miss modules and then puts those on CPU, so
 * coverage is checked here where a profile lists the modules, and again in the pod.
 */
final class DeviceMapCheck {

  /** Buffers without weights that maps of older harnesses name and profiles do not list. */
  private static final Set<String> WEIGHTLESS = Set.of("rotary_emb", "rotary_pos_emb");

  private final PlanRequest request;
  private final Map<String, Integer> map = new TreeMap<>();
  private final List<Refusal> refusals = new ArrayList<>();

  private DeviceMapCheck(PlanRequest request) {
    this.request = request;
  }

  /**
   * A map whose devices are numbers.
   *
   * @param devices module to device
   * @param needed greatest device plus one
   */
  record Parsed(Map<String, Integer> devices, int needed) {}

  /** The map as numbers, or nothing and the reasons in {@code refusals}. */
  static Optional<Parsed> parse(PlanRequest request, List<Refusal> refusals) {
    DeviceMapCheck check = new DeviceMapCheck(request);
    int needed = 0;
    for (Map.Entry<String, String> entry :
        new TreeMap<>(request.deviceMap().orElse(Map.of())).entrySet()) {
      OptionalInt device = number(entry.getValue());
      if (device.isPresent()) {
        check.map.put(entry.getKey(), device.getAsInt());
        needed = Math.max(needed, device.getAsInt() + 1);
      } else {
        String value = entry.getValue();
        boolean host = value.equals("cpu") || value.equals("disk");
        check.refuse(
            RefusalReason.DeviceMapRange,
            entry.getKey(),
            value,
            host
                ? "is not a device, and weights on CPU or disk are never used for an evaluation"
                : "is not the number of a device of this process",
            "number the devices of one process from 0");
      }
    }
    if (check.map.isEmpty() && check.refusals.isEmpty()) {
      check.refuse(
          RefusalReason.DeviceMapIncomplete, "", "", "names no module", "fill it or remove it");
    }
    refusals.addAll(check.refusals);
    return check.refusals.isEmpty() ? Optional.of(new Parsed(check.map, needed)) : Optional.empty();
  }

  private static OptionalInt number(String text) {
    if (!text.matches("[0-9]{1,4}")) {
      return OptionalInt.empty();
    }
    int value = Integer.parseInt(text);
    return value < RequestCheck.MAX_DEVICES_PER_PROCESS
        ? OptionalInt.of(value)
        : OptionalInt.empty();
  }

  /**
   * Device of each block by position, or nothing and the reasons in {@code refusals}. Without a
   * profile only the range is checked, and the answer is an empty array.
   */
  static Optional<int[]> place(
      PlanRequest request,
      Parsed parsed,
      Optional<ModelUnits> units,
      int devices,
      List<Refusal> refusals) {
    DeviceMapCheck check = new DeviceMapCheck(request);
    check.map.putAll(parsed.devices());
    check.range(devices);
    int[] placed = new int[0];
    if (units.isPresent() && check.refusals.isEmpty()) {
      placed = check.resolve(units.get());
      if (check.refusals.isEmpty()) {
        check.inputs(units.get(), placed);
        check.tiedHead(units.get(), placed);
      }
    }
    if (check.refusals.isEmpty()) {
      check.emptyDevices(units.isPresent() ? placed : null, devices);
    }
    refusals.addAll(check.refusals);
    return check.refusals.isEmpty() ? Optional.of(placed) : Optional.empty();
  }

  private void range(int devices) {
    map.forEach(
        (module, device) -> {
          if (device >= devices) {
            refuse(
                RefusalReason.DeviceMapRange,
                module,
                Integer.toString(device),
                "is beyond the "
                    + (devices == 1 ? "1 device" : devices + " devices")
                    + " of a process, which it counts from 0 whichever cards they are",
                "use 0 to " + (devices - 1) + ", or raise devicesPerProcess");
          }
        });
  }

  private int[] resolve(ModelUnits units) {
    Map<String, Integer> owners = new HashMap<>();
    Set<String> around = new HashSet<>();
    for (ModelUnits.Unit unit : units.all()) {
      for (String name : unit.moduleNames()) {
        owners.putIfAbsent(name, unit.position());
        for (String outer = outer(name); !outer.isEmpty(); outer = outer(outer)) {
          around.add(outer);
        }
      }
    }
    List<Set<Integer>> inside = new ArrayList<>();
    units.all().forEach(unit -> inside.add(new TreeSet<>()));
    map.forEach(
        (module, device) -> {
          OptionalInt owner = owner(owners, module);
          if (owner.isPresent() && !owners.containsKey(module)) {
            inside.get(owner.getAsInt()).add(device);
          } else if (owner.isEmpty() && !around.contains(module) && !harmless(module)) {
            unknown(units, module, device);
          }
        });
    int[] placed = new int[units.all().size()];
    List<String> missing = new ArrayList<>();
    for (ModelUnits.Unit unit : units.all()) {
      Set<Integer> devices = inside.get(unit.position());
      covering(unit).ifPresent(devices::add);
      if (devices.isEmpty() && !(units.tiedHead() && unit.role() == Role.Head)) {
        missing.add(unit.moduleNames().get(0));
      } else if (devices.size() > 1) {
        refuse(
            RefusalReason.DeviceMapCutsBlock,
            unit.moduleNames().get(0),
            devices.toString(),
            "puts parts of one block on several devices",
            "give the block one device");
      }
      placed[unit.position()] = devices.isEmpty() ? 0 : devices.iterator().next();
    }
    if (!missing.isEmpty()) {
      refuse(
          RefusalReason.DeviceMapIncomplete,
          "",
          "",
          "gives no device to "
              + missing.get(0)
              + (missing.size() == 1 ? "" : " and " + (missing.size() - 1) + " more modules"),
          "name every module of the model or one around it");
    }
    return placed;
  }

  /** Block that a module is, or lies in. */
  private static OptionalInt owner(Map<String, Integer> owners, String module) {
    for (String name = module; !name.isEmpty(); name = outer(name)) {
      Integer owner = owners.get(name);
      if (owner != null) {
        return OptionalInt.of(owner);
      }
    }
    return OptionalInt.empty();
  }

  /** Device of the longest entry that is, or lies around, one of the block's names. */
  private Optional<Integer> covering(ModelUnits.Unit unit) {
    String longest = null;
    for (String alias : unit.moduleNames()) {
      for (String name = alias; !name.isEmpty(); name = outer(name)) {
        if (map.containsKey(name)) {
          longest = longest == null || name.length() > longest.length() ? name : longest;
          break;
        }
      }
    }
    return Optional.ofNullable(map.get(longest == null ? "" : longest));
  }

  private static String outer(String module) {
    int dot = module.lastIndexOf('.');
    return dot < 0 ? "" : module.substring(0, dot);
  }

  private static boolean harmless(String module) {
    return module.isEmpty() || WEIGHTLESS.contains(module.substring(module.lastIndexOf('.') + 1));
  }

  private void unknown(ModelUnits units, String module, int device) {
    List<String> known =
        units.all().stream().map(unit -> unit.entry().moduleNames().get(0)).distinct().toList();
    refuse(
        RefusalReason.DeviceMapUnknownModule,
        module,
        Integer.toString(device),
        "is no module of this model",
        "use a module of its profile ("
            + String.join(", ", known.subList(0, Math.min(8, known.size())))
            + ")");
  }

  private void inputs(ModelUnits units, int[] placed) {
    for (Role role : List.of(Role.Vision, Role.Embedding)) {
      units.of(role).stream()
          .findFirst()
          .filter(unit -> placed[unit.position()] != 0)
          .ifPresent(
              unit ->
                  refuse(
                      RefusalReason.DeviceMapInputDevice,
                      unit.moduleNames().get(0),
                      Integer.toString(placed[unit.position()]),
                      "receives inputs, and the harness puts inputs on device 0",
                      "set 0 for this module"));
    }
  }

  private void tiedHead(ModelUnits units, int[] placed) {
    Optional<ModelUnits.Unit> embedding = units.of(Role.Embedding).stream().findFirst();
    if (!units.tiedHead() || embedding.isEmpty()) {
      return;
    }
    for (ModelUnits.Unit head : units.of(Role.Head)) {
      Optional<Integer> device = covering(head);
      if (device.isPresent() && device.get() != placed[embedding.get().position()]) {
        refuse(
            RefusalReason.DeviceMapTiedHead,
            head.moduleNames().get(0),
            device.get().toString(),
            "shares its weights with the embedding on another device",
            "give both the same device");
      }
    }
  }

  private void emptyDevices(int[] placed, int devices) {
    Set<Integer> used = new TreeSet<>();
    if (placed == null) {
      used.addAll(map.values());
    } else {
      Arrays.stream(placed).forEach(used::add);
    }
    for (int device = 0; device < devices; device++) {
      if (!used.contains(device)) {
        refuse(
            RefusalReason.DeviceMapEmptyDevice,
            "",
            "",
            "leaves device " + device + " of " + devices + " without a block",
            "number the devices it uses from 0 and set devicesPerProcess to " + used.size());
        return;
      }
    }
  }

  private void refuse(
      RefusalReason reason, String module, String value, String why, String remedy) {
    String path = request.path() + ".deviceMap" + (module.isEmpty() ? "" : "[" + module + "]");
    refusals.add(new Refusal(reason, path, value, why, remedy));
  }
}

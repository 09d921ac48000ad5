package io.evaljob.operator.validate;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Environment variables that are derived from the plan or decide what code runs. No author sets
 * them, not even where a runtime lists them.
 */
final class ReservedEnvironment {
  private static final List<Family> FAMILIES =
      List.of(
          new Family("NVIDIA_", "it belongs to the container runtime, which decides the devices"),
          new Family("CUDA_", "it chooses devices, and those follow from the plan"),
          new Family("HIP_", "it chooses devices, and those follow from the plan"),
          new Family("AMD_", "it belongs to the container runtime, which decides the devices"),
          new Family("ROCR_", "it chooses devices, and those follow from the plan"),
          new Family("ASCEND_", "it chooses devices, and those follow from the plan"),
          new Family("HABANA_", "it chooses devices, and those follow from the plan"),
          new Family("HL_", "it chooses devices, and those follow from the plan"),
          new Family("ZE_", "it chooses devices, and those follow from the plan"),
          new Family("ONEAPI_", "it chooses devices, and those follow from the plan"),
          new Family("GPU_DEVICE_ORDINAL", "it chooses devices, and those follow from the plan"),
          new Family("LD_", "it changes which libraries are loaded"),
          new Family("PYTHON", "it changes which Python code runs"),
          new Family("EVALJOB_", "it is a contract between operator and runner"),
          new Family("LOCAL_", "ranks are set by the runner for each process"),
          new Family("MASTER_", "ranks are set by the runner for each process"));

  private static final Set<String> RANKS = Set.of("RANK", "WORLD_SIZE");
  private static final Set<String> SPLITS = Set.of("AUTO_SPLIT", "GPUS_PER_PROCESS");

  private static final String DEVICE_REMEDY =
      "remove it and set devicesPerProcess and processes instead";
  private static final String RANK_REMEDY = "remove it and set processes instead";
  private static final String SPLIT_REMEDY =
      "remove it and set split.strategy or devicesPerProcess instead";
  private static final String ADMIN_REMEDY = "remove it, or have it built into the runtime's image";

  private record Family(String prefix, String why) {}

  /** Why a name is refused, and what to do. */
  record Reserved(String why, String remedy) {}

  private ReservedEnvironment() {}

  /** Empty for a name that an author may set where the runtime allows it. */
  static Optional<Reserved> find(String name) {
    if (RANKS.contains(name)) {
      return Optional.of(new Reserved("ranks are set by the runner for each process", RANK_REMEDY));
    }
    if (name.equals("PATH")) {
      return Optional.of(new Reserved("it changes which programs run", ADMIN_REMEDY));
    }
    if (SPLITS.contains(name)) {
      return Optional.of(new Reserved("the split follows from the plan", SPLIT_REMEDY));
    }
    return FAMILIES.stream()
        .filter(family -> name.startsWith(family.prefix()))
        .findFirst()
        .map(family -> new Reserved(family.why(), remedy(family.prefix())));
  }

  private static String remedy(String prefix) {
    return switch (prefix) {
      case "LD_", "PYTHON" -> ADMIN_REMEDY;
      case "EVALJOB_" -> "remove it";
      case "LOCAL_", "MASTER_" -> RANK_REMEDY;
      default -> DEVICE_REMEDY;
    };
  }
}

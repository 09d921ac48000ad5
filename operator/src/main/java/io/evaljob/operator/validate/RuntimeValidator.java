package io.evaljob.operator.validate;

import static io.evaljob.operator.plan.RefusalReason.InvalidValue;
import static io.evaljob.operator.plan.RefusalReason.ReservedVariable;

import io.evaljob.api.v1alpha1.AllowSpec;
import io.evaljob.api.v1alpha1.Dialect;
import io.evaljob.api.v1alpha1.EnvEntry;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.EvalRuntimeSpec;
import io.evaljob.api.v1alpha1.Harness;
import io.evaljob.operator.plan.Accelerators;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.RefusalReason;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Checks an EvalRuntime: what its {@code Ready} condition says. */
public final class RuntimeValidator {
  /** Beside every vendor's device variables, which come from the accelerator table. */
  private static final Set<String> RANKS =
      Set.of(
          "RANK",
          "WORLD_SIZE",
          "LOCAL_RANK",
          "LOCAL_WORLD_SIZE",
          "MASTER_ADDR",
          "MASTER_PORT",
          "AUTO_SPLIT",
          "GPUS_PER_PROCESS");

  private static final Set<String> DEVICES = deviceVariables();

  private final List<Refusal> refusals = new ArrayList<>();

  private RuntimeValidator() {}

  /** Every violation; empty for a runtime that can be used. */
  public static List<Refusal> validate(EvalRuntime runtime) {
    RuntimeValidator validator = new RuntimeValidator();
    if (runtime.getSpec() == null) {
      validator.refuse(InvalidValue, "spec", "", "is missing", "write it");
    } else {
      validator.check(runtime.getSpec());
    }
    return List.copyOf(validator.refusals);
  }

  private void check(EvalRuntimeSpec spec) {
    harness(spec);
    if (spec.image() == null || spec.image().isBlank()) {
      refuse(InvalidValue, "spec.image", "", "is missing", "name an image, best by its digest");
    }
    environment(spec.podOrDefault().env());
    spec.resourcesIfSet()
        .ifPresent(
            resources -> refusals.addAll(StageAmountRules.check("spec.resources", resources)));
    inside("spec.cache.datasetPath", spec.cacheOrDefault().datasetPathOrDefault());
    inside("spec.cache.hubPath", spec.cacheOrDefault().hubPathOrDefault());
    spec.allowIfSet().ifPresent(this::allow);
  }

  private void harness(EvalRuntimeSpec spec) {
    Harness harness = spec.harness();
    if (harness == null || harness == Harness.Unknown) {
      refuse(
          InvalidValue,
          "spec.harness",
          "",
          "is not a harness that this operator knows",
          "set VLMEvalKit or Command");
      return;
    }
    union(harness == Harness.VLMEvalKit, spec.vlmevalkitIfSet().isPresent(), harness, "vlmevalkit");
    union(harness == Harness.Command, spec.commandIfSet().isPresent(), harness, "command");
    spec.vlmevalkitIfSet()
        .filter(settings -> settings.dialect() == null || settings.dialect() == Dialect.Unknown)
        .ifPresent(
            settings ->
                refuse(
                    InvalidValue,
                    "spec.vlmevalkit.dialect",
                    "",
                    "is not a dialect that this operator knows",
                    "set AutoSplit, AutoDeviceMap or StatusFile"));
    spec.commandIfSet()
        .filter(command -> command.args().isEmpty() || command.args().get(0).isBlank())
        .ifPresent(
            command ->
                refuse(
                    InvalidValue,
                    "spec.command.args",
                    "",
                    "names no program",
                    "write program and arguments, such as [python3, /opt/eval.py]"));
  }

  private void union(boolean wanted, boolean given, Harness harness, String member) {
    if (wanted && !given) {
      refuse(
          InvalidValue,
          "spec." + member,
          "",
          "is missing, and harness " + harness + " needs it",
          "add it");
    }
    if (!wanted && given) {
      refuse(
          InvalidValue,
          "spec." + member,
          "",
          "is not read with harness " + harness,
          "remove it, or change spec.harness");
    }
  }

  private void environment(List<EnvEntry> entries) {
    Set<String> seen = new HashSet<>();
    for (EnvEntry entry : entries) {
      String field = "spec.pod.env[" + entry.name() + "]";
      if (!seen.add(entry.name())) {
        refuse(InvalidValue, field, "", "is there more than once", "keep one of them");
      }
      if (DEVICES.contains(entry.name())
          || RANKS.contains(entry.name())
          || entry.name().startsWith("EVALJOB_")) {
        refuse(
            ReservedVariable,
            field,
            entry.valueOrDefault(),
            "cannot be set: devices and ranks follow from the plan of each model",
            "remove it");
      }
    }
  }

  private void inside(String field, String path) {
    if (path.startsWith("/") || List.of(path.split("/", -1)).contains("..")) {
      refuse(
          InvalidValue,
          field,
          path,
          "does not stay inside the cache",
          "write a relative path without '..'");
    }
  }

  private void allow(AllowSpec allow) {
    Map<String, List<String>> lists = new LinkedHashMap<>();
    lists.put("secretNames", allow.secretNames());
    lists.put("claimNames", allow.claimNames());
    lists.put("hubIDs", allow.hubIDs());
    lists.put("envNames", allow.envNames());
    lists.put("parameterNames", allow.parameterNames());
    lists.put("nodeSelectorKeys", allow.nodeSelectorKeys());
    lists.put("tolerationKeys", allow.tolerationKeys());
    lists.put("priorityClassNames", allow.priorityClassNames());
    lists.forEach(
        (list, patterns) ->
            patterns.stream()
                .filter(pattern -> !NamePatterns.isWellFormed(pattern))
                .forEach(
                    pattern ->
                        refuse(
                            InvalidValue,
                            "spec.allow." + list,
                            pattern,
                            "has a * that is neither its first nor its last character",
                            "move it there, or write the names out")));
  }

  private void refuse(RefusalReason reason, String field, String value, String why, String remedy) {
    refusals.add(new Refusal(reason, field, value, why, remedy));
  }

  private static Set<String> deviceVariables() {
    Set<String> names = new HashSet<>();
    Accelerators.all()
        .forEach(
            row ->
                Stream.of(
                        row.runtimeVariable().stream(),
                        Stream.of(row.processVariable()),
                        row.rivalVariables().stream())
                    .flatMap(variables -> variables)
                    .forEach(names::add));
    return Set.copyOf(names);
  }
}

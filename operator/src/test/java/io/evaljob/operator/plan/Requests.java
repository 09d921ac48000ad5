package io.evaljob.operator.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Builds requests for tests: sensible everywhere, one thing changed at a time. */
record Requests(PlanRequest request) {

  static final String PATH = "spec.models[base]";

  /** A model without a profile that asks for nothing, in a pod. */
  static Requests plain() {
    return new Requests(
        new PlanRequest(
            PATH,
            new DeviceContext.RequestedInPod(),
            Accelerators.DEFAULT_RESOURCE_NAME,
            0,
            RequestedCount.unset(PATH + ".devicesPerProcess"),
            RequestedCount.unset(PATH + ".processes"),
            Harness.unprofiled(Dialect.StatusFile),
            Optional.empty(),
            new SplitRequest(SplitStrategy.Auto, 1, 0),
            Optional.empty(),
            OptionalInt.empty()));
  }

  /** A model with a profile that transformers can split. */
  static Requests splittable(ModelFacts facts) {
    return plain().facts(facts).loader(Loader.Transformers, true);
  }

  PlanResult plan() {
    return Planner.plan(request);
  }

  ModelPlan planned() {
    PlanResult result = plan();
    if (result instanceof PlanResult.Planned planned) {
      return planned.plan();
    }
    throw new AssertionError("refused: " + messages(result));
  }

  List<Refusal> refused() {
    PlanResult result = plan();
    if (result instanceof PlanResult.Infeasible infeasible) {
      return infeasible.refusals();
    }
    throw new AssertionError("planned: " + result);
  }

  static List<String> messages(PlanResult result) {
    return result instanceof PlanResult.Infeasible infeasible
        ? infeasible.refusals().stream().map(Refusal::message).toList()
        : List.of();
  }

  /** A machine with these devices of unknown memory. */
  Requests machine(String... ids) {
    return context(
        new DeviceContext.BareProcess(
            Arrays.stream(ids).map(id -> new VisibleDevice(id, 0)).toList()));
  }

  /** A machine whose devices have these memories. */
  Requests machine(List<Long> memories) {
    List<VisibleDevice> devices = new ArrayList<>();
    memories.forEach(memory -> devices.add(new VisibleDevice("" + devices.size(), memory)));
    return context(new DeviceContext.BareProcess(devices));
  }

  Requests context(DeviceContext context) {
    return with(context, request.resourceName(), request.minMemoryBytes());
  }

  Requests resource(String name) {
    return with(request.context(), name, request.minMemoryBytes());
  }

  Requests minMemory(long bytes) {
    return with(request.context(), request.resourceName(), bytes);
  }

  private Requests with(DeviceContext context, String resource, long minMemory) {
    return new Requests(
        new PlanRequest(
            request.path(),
            context,
            resource,
            minMemory,
            request.devicesPerProcess(),
            request.processes(),
            request.harness(),
            request.model(),
            request.split(),
            request.deviceMap(),
            request.maxDevices()));
  }

  Requests devices(int count) {
    return counts(
        RequestedCount.of(count, request.devicesPerProcess().path()), request.processes());
  }

  Requests processes(int count) {
    return counts(
        request.devicesPerProcess(), RequestedCount.of(count, request.processes().path()));
  }

  private Requests counts(RequestedCount devices, RequestedCount processes) {
    return new Requests(
        new PlanRequest(
            request.path(),
            request.context(),
            request.resourceName(),
            request.minMemoryBytes(),
            devices,
            processes,
            request.harness(),
            request.model(),
            request.split(),
            request.deviceMap(),
            request.maxDevices()));
  }

  Requests loader(Loader loader, boolean canSplit) {
    return model(
        new Harness(request.harness().dialect(), Optional.of(loader), canSplit), request.model());
  }

  Requests dialect(Dialect dialect) {
    return model(
        new Harness(dialect, request.harness().loader(), request.harness().canSplit()),
        request.model());
  }

  Requests facts(ModelFacts facts) {
    return model(request.harness(), Optional.of(facts));
  }

  private Requests model(Harness harness, Optional<ModelFacts> model) {
    return new Requests(
        new PlanRequest(
            request.path(),
            request.context(),
            request.resourceName(),
            request.minMemoryBytes(),
            request.devicesPerProcess(),
            request.processes(),
            harness,
            model,
            request.split(),
            request.deviceMap(),
            request.maxDevices()));
  }

  Requests strategy(SplitStrategy strategy) {
    return split(
        new SplitRequest(
            strategy, request.split().contextTokens(), request.split().reservePercent()));
  }

  Requests split(SplitRequest split) {
    return rest(split, request.deviceMap(), request.maxDevices());
  }

  Requests map(Map<String, String> map) {
    return rest(request.split(), Optional.of(map), request.maxDevices());
  }

  Requests atMost(int devices) {
    return rest(request.split(), request.deviceMap(), OptionalInt.of(devices));
  }

  private Requests rest(
      SplitRequest split, Optional<Map<String, String>> map, OptionalInt maxDevices) {
    return new Requests(
        new PlanRequest(
            request.path(),
            request.context(),
            request.resourceName(),
            request.minMemoryBytes(),
            request.devicesPerProcess(),
            request.processes(),
            request.harness(),
            request.model(),
            split,
            map,
            maxDevices));
  }
}

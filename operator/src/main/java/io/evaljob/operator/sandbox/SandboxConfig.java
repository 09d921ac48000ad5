package io.evaljob.operator.sandbox;

import io.evaljob.operator.plan.VisibleDevice;
import io.evaljob.operator.sandbox.apiserver.Admission;
import io.evaljob.operator.sandbox.kubelet.ProgressListener;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one machine's cluster is made of.
 *
 * @param state folder of objects, volumes and logs; made when absent
 * @param cache folder of Python environments, shared by all states
 * @param devices this machine's devices, as the process variable names them
 * @param resourceName extended resource by which pods ask for devices, such as {@code
 *     nvidia.com/gpu}
 * @param processVariable variable by which a process finds its devices, such as {@code
 *     CUDA_VISIBLE_DEVICES}
 * @param python interpreter that stands for every image; empty: an environment a runtime
 * @param host this machine's environment variables
 * @param customResources kinds served besides the built-in ones
 * @param admission checks objects of group {@code evaljob.io}
 * @param progress told how installations go
 * @param clock time of objects and tokens
 */
public record SandboxConfig(
    Path state,
    Path cache,
    List<VisibleDevice> devices,
    String resourceName,
    String processVariable,
    Optional<Path> python,
    Map<String, String> host,
    List<CustomResourceDefinition> customResources,
    Admission admission,
    ProgressListener progress,
    Clock clock) {

  /** Copies what it is given. */
  public SandboxConfig {
    state = state.toAbsolutePath().normalize();
    cache = cache.toAbsolutePath().normalize();
    devices = List.copyOf(devices);
    host = Map.copyOf(host);
    customResources = List.copyOf(customResources);
  }

  /** Without devices, admission or custom resources, on this machine's own variables. */
  public static SandboxConfig of(Path state) {
    Map<String, String> host = System.getenv();
    return new SandboxConfig(
        state,
        defaultCache(host),
        List.of(),
        "nvidia.com/gpu",
        "CUDA_VISIBLE_DEVICES",
        Optional.empty(),
        host,
        List.of(),
        Admission.everything(),
        progress -> {},
        Clock.systemUTC());
  }

  /**
   * {@code environments} in {@code EVALJOB_CACHE_DIR}, or in {@code
   * ${XDG_CACHE_HOME:-~/.cache}/evaljob} where that is not set.
   */
  public static Path defaultCache(Map<String, String> host) {
    String own = host.getOrDefault("EVALJOB_CACHE_DIR", "");
    if (!own.isEmpty()) {
      return Path.of(own).toAbsolutePath().resolve("environments");
    }
    String xdg = host.getOrDefault("XDG_CACHE_HOME", "");
    Path base =
        xdg.isEmpty()
            ? Path.of(host.getOrDefault("HOME", System.getProperty("user.home")), ".cache")
            : Path.of(xdg);
    return base.resolve("evaljob").resolve("environments");
  }

  /** With these devices. */
  public SandboxConfig withDevices(List<VisibleDevice> given, String resource, String variable) {
    return new SandboxConfig(
        state,
        cache,
        given,
        resource,
        variable,
        python,
        host,
        customResources,
        admission,
        progress,
        clock);
  }

  /** With the API of this operator, checked by its schemas and rules as a cluster would. */
  public SandboxConfig withEvalJobs() {
    return withCustomResources(EvalJobAdmission.definitions(), new EvalJobAdmission());
  }

  /** With these kinds, checked so. */
  public SandboxConfig withCustomResources(List<CustomResourceDefinition> kinds, Admission check) {
    return new SandboxConfig(
        state,
        cache,
        devices,
        resourceName,
        processVariable,
        python,
        host,
        kinds,
        check,
        progress,
        clock);
  }

  /** With this interpreter in place of every image. */
  public SandboxConfig withPython(Path interpreter) {
    return new SandboxConfig(
        state,
        cache,
        devices,
        resourceName,
        processVariable,
        Optional.of(interpreter),
        host,
        customResources,
        admission,
        progress,
        clock);
  }

  /** With another cache folder and a listener to installations. */
  public SandboxConfig withEnvironments(Path folder, ProgressListener listener) {
    return new SandboxConfig(
        state,
        folder,
        devices,
        resourceName,
        processVariable,
        python,
        host,
        customResources,
        admission,
        listener,
        clock);
  }

  /** With these variables in place of this machine's. */
  public SandboxConfig withHost(Map<String, String> variables) {
    return new SandboxConfig(
        state,
        cache,
        devices,
        resourceName,
        processVariable,
        python,
        variables,
        customResources,
        admission,
        progress,
        clock);
  }
}

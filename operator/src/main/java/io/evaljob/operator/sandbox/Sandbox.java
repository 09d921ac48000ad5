package io.evaljob.operator.sandbox;

import io.evaljob.operator.plan.VisibleDevice;
import io.evaljob.operator.sandbox.apiserver.ApiServer;
import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.sandbox.controller.ClusterWriter;
import io.evaljob.operator.sandbox.controller.ControlLoop;
import io.evaljob.operator.sandbox.controller.DeviceScheduler;
import io.evaljob.operator.sandbox.controller.GarbageCollector;
import io.evaljob.operator.sandbox.controller.JobController;
import io.evaljob.operator.sandbox.kubelet.Kubelet;
import io.evaljob.operator.sandbox.kubelet.LocalImage;
import io.evaljob.operator.sandbox.kubelet.Node;
import io.evaljob.operator.sandbox.kubelet.RuntimeImages;
import io.evaljob.operator.sandbox.kubelet.VirtualEnvironments;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One machine as a cluster: API server, controllers and kubelet in this process. All it knows is in
 * its state folder; a sandbox started on the same folder goes on where the last one ended, however
 * that ended.
 */
public final class Sandbox implements AutoCloseable {

  /** Name of the only node. */
  public static final String NODE = "this-machine";

  private static final Logger LOG = LoggerFactory.getLogger(Sandbox.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);
  private static final Duration STOP_GRACE = Duration.ofMinutes(5);

  private final SandboxConfig config;
  private final StateLock lock;
  private final ControlLoop loop;
  private final ApiServer server;
  private final KubernetesClient client;
  private final KubernetesClient ownClient;
  private final Kubelet kubelet;
  private boolean closed;

  private Sandbox(SandboxConfig config, StateLock lock) throws InterruptedException {
    this.config = config;
    this.lock = lock;
    loop = new ControlLoop();
    server =
        new ApiServer(
            config.state().resolve("objects.jsonl"),
            config.customResources(),
            config.admission(),
            config.clock(),
            loop::tell);
    client = server.newClient();
    ownClient = server.newClient();
    ClusterWriter writer = new ClusterWriter(ownClient, config.clock());
    ClaimBinder claims = new ClaimBinder(writer, config.state().resolve("volumes"));
    kubelet = new Kubelet(node(writer, claims));
    loop.catchUp();
    kubelet.recover(
        loop.view().pods(),
        config.devices().stream().map(VisibleDevice::id).collect(Collectors.toSet()));
    registerNode(writer);
    loop.start(
        List.of(
            claims,
            new JobController(writer),
            new DeviceScheduler(writer, claims, NODE, config.resourceName(), config.devices()),
            view -> kubelet.sync(view.pods()),
            new GarbageCollector(writer)));
  }

  /**
   * Opens the state folder, ends what an earlier run left behind, and starts.
   *
   * @throws IllegalStateException when another process uses the folder, or python3 is not found
   * @throws UncheckedIOException when the folder cannot be used
   */
  public static Sandbox start(SandboxConfig config) {
    StateLock lock = null;
    try {
      Files.createDirectories(config.state());
      Files.setPosixFilePermissions(config.state(), PosixFilePermissions.fromString("rwx------"));
      lock = StateLock.take(config.state());
      return new Sandbox(config, lock);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot use the state folder " + config.state(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      release(lock);
      throw new IllegalStateException("interrupted while starting", e);
    } catch (RuntimeException e) {
      release(lock);
      throw e;
    }
  }

  private static void release(StateLock lock) {
    try {
      if (lock != null) {
        lock.close();
      }
    } catch (IOException e) {
      LOG.debug("the lock was not released", e);
    }
  }

  /** A client with all rights; closed with the sandbox. */
  public KubernetesClient client() {
    return client;
  }

  /** The API server, for more clients and its request count. */
  public ApiServer server() {
    return server;
  }

  /** Where the output of a pod is kept. */
  public Path log(String namespace, String pod) {
    return config.state().resolve("logs").resolve(namespace + "_" + pod + ".log");
  }

  /**
   * Ends all pods as their grace periods allow and closes. What they have done is kept: the next
   * sandbox on this folder sees them as ended by the stop of their node.
   */
  public void stop() {
    shutDown(STOP_GRACE);
  }

  /** Ends all pods within seconds and closes; also cuts a {@link #stop} short that is under way. */
  @Override
  public void close() {
    kubelet.endAll(CLOSE_GRACE);
    shutDown(CLOSE_GRACE);
  }

  private synchronized void shutDown(Duration grace) {
    if (closed) {
      return;
    }
    closed = true;
    loop.close();
    try {
      if (!kubelet.stop(grace)) {
        LOG.warn("some pods did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    client.close();
    ownClient.close();
    server.close();
    release(lock);
  }

  private Node node(ClusterWriter writer, ClaimBinder claims) {
    Path python = findPython(config.host());
    Map<String, String> pip = new HashMap<>(config.host());
    pip.keySet().removeIf(name -> name.startsWith("PYTHON") || name.equals("VIRTUAL_ENV"));
    VirtualEnvironments environments =
        new VirtualEnvironments(config.cache(), python, pip, config.progress());
    return new Node(
        config.state(),
        python,
        config.host(),
        Map.of(),
        config.processVariable(),
        new RuntimeImages(
            environments, python, config.python().map(given -> override(config.state(), given))),
        loop.view(),
        new SandboxPods(writer),
        SandboxPods.folders(claims),
        SandboxPods.tokens(server.podTokens()),
        SandboxPods.admission());
  }

  /**
   * Makes {@code python3} and {@code python} mean the given interpreter, whatever its file name.
   */
  private static LocalImage override(Path state, Path interpreter) {
    Path python = interpreter.toAbsolutePath();
    if (!Files.isExecutable(python) || Files.isDirectory(python)) {
      throw new IllegalStateException(
          "--python: " + python + " is not a program; name a python3 that has the requirements");
    }
    Path shims = state.resolve("python");
    try {
      Files.createDirectories(shims);
      for (String name : List.of("python3", "python")) {
        Path shim = shims.resolve(name);
        Files.writeString(
            shim, "#!/bin/sh\nexec '" + python.toString().replace("'", "'\\''") + "' \"$@\"\n");
        Files.setPosixFilePermissions(shim, PosixFilePermissions.fromString("rwx------"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + shims, e);
    }
    return new LocalImage(python, List.of(shims, python.getParent()), Map.of());
  }

  private static Path findPython(Map<String, String> host) {
    for (String folder : host.getOrDefault("PATH", "/usr/bin:/bin").split(":", -1)) {
      Path candidate = Path.of(folder.isEmpty() ? "." : folder, "python3").toAbsolutePath();
      if (Files.isExecutable(candidate)) {
        return behind(candidate, host);
      }
    }
    throw new IllegalStateException(
        "python3 is not on the PATH; install it (Debian and Ubuntu: apt install python3"
            + " python3-venv)");
  }

  /** The interpreter behind a version manager's script, which would cost its start every time. */
  private static Path behind(Path python, Map<String, String> host) {
    try {
      return Path.of(
          VirtualEnvironments.ask(
              List.of(python.toString(), "-I", "-S", "-c", "import sys; print(sys.executable)"),
              host));
    } catch (IOException e) {
      throw new IllegalStateException(python + " does not work: " + e.getMessage(), e);
    }
  }

  private void registerNode(ClusterWriter writer) {
    Map<String, Quantity> amounts = new LinkedHashMap<>();
    amounts.put("cpu", new Quantity(String.valueOf(Runtime.getRuntime().availableProcessors())));
    amounts.put("pods", new Quantity("1000"));
    if (!config.devices().isEmpty()) {
      amounts.put(config.resourceName(), new Quantity(String.valueOf(config.devices().size())));
    }
    io.fabric8.kubernetes.api.model.Node node =
        new NodeBuilder()
            .withNewMetadata()
            .withName(NODE)
            .addToLabels("kubernetes.io/hostname", NODE)
            .endMetadata()
            .withNewStatus()
            .withCapacity(amounts)
            .withAllocatable(amounts)
            .addNewCondition()
            .withType("Ready")
            .withStatus("True")
            .withReason("KubeletReady")
            .withLastTransitionTime(writer.now())
            .endCondition()
            .endStatus()
            .build();
    Optional<io.fabric8.kubernetes.api.model.Node> there =
        Optional.ofNullable(ownClient.nodes().withName(NODE).get());
    if (there.isEmpty()) {
      writer.create(node);
    } else if (!there.get().getStatus().getAllocatable().equals(amounts)) {
      ownClient.resource(node).update();
    }
  }
}

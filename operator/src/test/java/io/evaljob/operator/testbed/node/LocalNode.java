package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.kubelet.Kubelet;
import io.evaljob.operator.sandbox.kubelet.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node of a cluster made of this machine: the kubelet of {@code evaljob run}, fed by a real API
 * server. What the scheduler binds to it runs as processes of this machine, without isolation; what
 * it cannot run it refuses with a reason.
 *
 * <p>Its pods end with it, and with this JVM however that ends.
 */
public final class LocalNode implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LocalNode.class);
  private static final Duration GRACE = Duration.ofSeconds(5);
  private static final long LOOK_MILLIS = 1_000;
  private static final long BEAT_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long LONGEST_START = TimeUnit.SECONDS.toNanos(60);
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final KubernetesClient client;
  private final NodeDescription description;
  private final NodeObject object;
  private final StatusWriter writer;
  private final DeviceTable devices;
  private final FolderProvisioner provisioner;
  private final Kubelet kubelet;
  private final LeftoverGuard guard;
  private final SharedIndexInformer<Pod> pods;
  private final SharedIndexInformer<PersistentVolumeClaim> claims;
  private final SharedIndexInformer<PersistentVolume> volumes;
  private final Semaphore changed = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;

  private LocalNode(KubernetesClient client, NodeDescription description) throws IOException {
    this.client = client;
    this.description = description;
    Files.createDirectories(description.state());
    guard = LeftoverGuard.of(description.state());
    object = new NodeObject(client, description);
    writer = new StatusWriter(client, "kubelet");
    devices = new DeviceTable(NodeDescription.RESOURCE, description.devices(), network());
    provisioner =
        new FolderProvisioner(
            client,
            description.name(),
            description.state().resolve("volumes"),
            description.localPaths(),
            (claim, message) -> writer.event(claim, "Warning", "ProvisioningFailed", message));
    kubelet = new Kubelet(node());
    recover();
    provisioner.createClass();
    object.register();
    Wake wake = new Wake();
    pods =
        client
            .pods()
            .inAnyNamespace()
            .withField("spec.nodeName", description.name())
            .inform(wake.on());
    claims = client.persistentVolumeClaims().inAnyNamespace().inform(wake.on());
    volumes = client.persistentVolumes().inform(wake.on());
    thread = new Thread(this::run, "local-node-" + description.name());
    thread.setDaemon(true);
    thread.start();
    awaitSchedulable();
  }

  /**
   * Registers the node and runs its pods until it is closed.
   *
   * @param client with all rights; must not be closed before the node
   */
  public static LocalNode start(KubernetesClient client, NodeDescription description) {
    try {
      return new LocalNode(client, description);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its name in the cluster. */
  public String name() {
    return description.name();
  }

  /** What a pod has written so far. */
  public String log(String namespace, String pod) {
    Path file = description.state().resolve("logs").resolve(namespace + "_" + pod + ".log");
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The first process of a pod, while it runs. */
  public OptionalLong process(Pod pod) {
    Path record =
        description
            .state()
            .resolve("pods")
            .resolve(pod.getMetadata().getUid().substring(0, 13))
            .resolve("process");
    try {
      return Files.exists(record)
          ? OptionalLong.of(
              Long.parseLong(Files.readAllLines(record, StandardCharsets.UTF_8).get(0)))
          : OptionalLong.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Devices of each pod that runs here, by pod UID. */
  public Map<String, List<String>> devices() {
    return devices.given();
  }

  private Node node() {
    Map<String, String> host = System.getenv();
    return new Node(
        description.state(),
        Programs.python(),
        host,
        Map.of(
            "KUBERNETES_SERVICE_HOST", client.getMasterUrl().getHost(),
            "KUBERNETES_SERVICE_PORT", String.valueOf(client.getMasterUrl().getPort()),
            "KUBERNETES_SERVICE_PORT_HTTPS", String.valueOf(client.getMasterUrl().getPort())),
        NodeDescription.PROCESS_VARIABLE,
        new ImageTable(description.images()),
        new ClusterInputs(client),
        writer,
        provisioner,
        new RequestedTokens(client),
        devices);
  }

  /** An own network for each node of this process, and most likely for each process. */
  private static String network() {
    long number = ProcessHandle.current().pid() * 7 + COUNT.getAndIncrement();
    return "127." + (2 + number % 250);
  }

  private void recover() {
    try {
      kubelet.recover(
          client
              .pods()
              .inAnyNamespace()
              .withField("spec.nodeName", description.name())
              .list()
              .getItems(),
          Set.copyOf(description.devices()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private void awaitSchedulable() {
    long end = System.nanoTime() + LONGEST_START;
    while (!object.isSchedulable()) {
      if (System.nanoTime() > end) {
        close();
        throw new IllegalStateException("node " + name() + " was not accepted by the cluster");
      }
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  private void run() {
    long beaten = System.nanoTime();
    while (!closed) {
      try {
        changed.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        changed.drainPermits();
        if (System.nanoTime() - beaten > BEAT_NANOS) {
          beaten = System.nanoTime();
          object.beat();
        }
        claims.getStore().list().forEach(provisioner::provision);
        kubelet.sync(pods.getStore().list());
        volumes.getStore().list().forEach(provisioner::reclaim);
      } catch (InterruptedException e) {
        return;
      } catch (KubernetesClientException | UncheckedIOException e) {
        LOG.debug("node {} looks again", name(), e);
      }
    }
  }

  /** Ends its pods within seconds and leaves the cluster. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    thread.interrupt();
    writer.close();
    try {
      thread.join();
      kubelet.endAll(GRACE);
      if (!kubelet.stop(GRACE)) {
        LOG.warn("some pods of {} did not end in time", name());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    pods.close();
    claims.close();
    volumes.close();
    object.delete();
    provisioner.deleteObjects();
    guard.close();
  }

  /** Wakes the node up on every change. */
  private final class Wake {
    <T> ResourceEventHandler<T> on() {
      return new ResourceEventHandler<>() {
        @Override
        public void onAdd(T one) {
          changed.release();
        }

        @Override
        public void onUpdate(T before, T after) {
          changed.release();
        }

        @Override
        public void onDelete(T one, boolean unknown) {
          changed.release();
        }
      };
    }
  }
}

package io.evaljob.operator.scenario;

import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.testbed.Edits;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.EvictionBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A node of a real cluster without a machine: it registers itself, says that it lives, and tells of
 * the pods that the scheduler binds to it what a script says. All else is the cluster's own work.
 */
final class ScriptedKubelet implements AutoCloseable {

  private static final String LEASES = "kube-node-lease";
  private static final int TERMINATED = 143;

  static final int DEVICES = 200;

  private final KubernetesClient client;
  private final String name;
  private final Script script;
  private final PretendedRunner runner;
  private final ExecutorService work = Executors.newCachedThreadPool();
  private final ScheduledExecutorService heart = Executors.newSingleThreadScheduledExecutor();
  private final Set<String> begun = ConcurrentHashMap.newKeySet();
  private SharedIndexInformer<Pod> pods;
  private ScheduledFuture<?> beats;
  private volatile boolean dead;

  ScriptedKubelet(KubernetesClient client, String name, Script script, PretendedRunner runner) {
    this.client = client;
    this.name = name;
    this.script = script;
    this.runner = runner;
  }

  void start() {
    client.resource(node()).create();
    beat();
    beats = heart.scheduleAtFixedRate(this::beat, 4, 4, TimeUnit.SECONDS);
    pods =
        client
            .pods()
            .inAnyNamespace()
            .withField("spec.nodeName", name)
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(Pod pod) {
                    seen(pod);
                  }

                  @Override
                  public void onUpdate(Pod before, Pod now) {
                    seen(now);
                  }

                  @Override
                  public void onDelete(Pod pod, boolean unknown) {}
                });
  }

  /** The machine is gone: it says nothing more, of itself or its pods. */
  void die() {
    dead = true;
  }

  /** The machine is back, and sees again what is bound to it. */
  void revive() {
    dead = false;
    beat();
    Edits.untilWritten(
        () ->
            client
                .nodes()
                .withName(name)
                .editStatus(now -> new NodeBuilder(now).withStatus(node().getStatus()).build()));
    for (Pod pod : pods.getStore().list()) {
      seen(pod);
      if ("Running".equals(pod.getStatus().getPhase())
          && pod.getMetadata().getDeletionTimestamp() == null) {
        tell(pod, status -> running(pod, status));
      }
    }
  }

  @Override
  public void close() {
    dead = true;
    beats.cancel(true);
    heart.shutdownNow();
    pods.close();
    work.shutdownNow();
    client.nodes().withName(name).delete();
    client.leases().inNamespace(LEASES).withName(name).delete();
  }

  private Node node() {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("kubernetes.io/hostname", name)
        .addToLabels("pool", "gpu")
        .endMetadata()
        .withNewStatus()
        .withCapacity(capacity())
        .withAllocatable(capacity())
        .withConditions(
            new NodeConditionBuilder()
                .withType("Ready")
                .withStatus("True")
                .withReason("KubeletReady")
                .withLastHeartbeatTime(now().toString())
                .withLastTransitionTime(now().toString())
                .build())
        .endStatus()
        .build();
  }

  private static Map<String, Quantity> capacity() {
    return Map.of(
        "cpu", new Quantity("1000"),
        "memory", new Quantity("100Ti"),
        "ephemeral-storage", new Quantity("100Ti"),
        "pods", new Quantity("1000"),
        "nvidia.com/gpu", new Quantity(Integer.toString(DEVICES)));
  }

  private static Instant now() {
    return Clock.systemUTC().instant().truncatedTo(ChronoUnit.SECONDS);
  }

  private void beat() {
    if (dead) {
      return;
    }
    try {
      client
          .resource(
              new LeaseBuilder()
                  .withNewMetadata()
                  .withName(name)
                  .withNamespace(LEASES)
                  .endMetadata()
                  .withNewSpec()
                  .withHolderIdentity(name)
                  .withLeaseDurationSeconds(40)
                  .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC))
                  .endSpec()
                  .build())
          .createOr(lease -> lease.update());
    } catch (KubernetesClientException e) {
      // The API server may be away; the next beat comes.
    }
  }

  private void seen(Pod pod) {
    String uid = pod.getMetadata().getUid();
    if (dead) {
      return;
    }
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      if (begun.add("stop " + uid)) {
        work.execute(() -> stop(pod));
      }
    } else if (begun.add(uid)) {
      work.execute(() -> play(pod));
    }
  }

  private void play(Pod pod) {
    Map<String, String> labels = pod.getMetadata().getLabels();
    Stage stage = PretendedRunner.stageOf(labels);
    if (stage == Stage.Unknown) {
      return;
    }
    try {
      Ending ending = script.of(labels.get(Labels.MODEL), stage, PretendedRunner.attemptOf(labels));
      if (ending instanceof Ending.IsRefused refused) {
        tell(pod, status -> refused(status, refused));
        return;
      }
      if (ending instanceof Ending.PullsLate late) {
        tell(pod, status -> pulling(pod, status, late));
        late.pulled().await();
        ending = late.then();
      }
      tell(pod, status -> running(pod, status));
      if (ending instanceof Ending.IsEvicted) {
        evict(pod);
        return;
      }
      Optional<PretendedRunner.Exit> exit = runner.run(pod, stage, ending);
      if (exit.isPresent()) {
        tell(pod, status -> ended(status, exit.get()));
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    } catch (KubernetesClientException e) {
      // The pod is gone, or the test is over.
    }
  }

  /** As a drain does: the API server marks the pod and asks the kubelet to stop it. */
  private void evict(Pod pod) {
    client
        .pods()
        .resource(pod)
        .evict(
            new EvictionBuilder()
                .withNewMetadata()
                .withName(pod.getMetadata().getName())
                .withNamespace(pod.getMetadata().getNamespace())
                .endMetadata()
                .build());
  }

  /** Ends what runs in the pod, says so, and lets the pod go. */
  private void stop(Pod pod) {
    try {
      tell(
          pod,
          status ->
              List.of("Succeeded", "Failed").contains(status.getPhase())
                  ? status
                  : ended(status, new PretendedRunner.Exit(TERMINATED, "")));
      client.pods().resource(pod).withGracePeriod(0).delete();
    } catch (KubernetesClientException e) {
      // The pod is gone, or the test is over.
    }
  }

  /** Writes the status over what other controllers have written meanwhile. */
  private void tell(Pod pod, UnaryOperator<PodStatus> change) {
    Edits.untilWritten(
        () ->
            dead
                ? pod
                : client
                    .pods()
                    .inNamespace(pod.getMetadata().getNamespace())
                    .withName(pod.getMetadata().getName())
                    .editStatus(
                        now ->
                            new PodBuilder(now).withStatus(change.apply(now.getStatus())).build()));
  }

  private static PodStatus running(Pod pod, PodStatus status) {
    return new PodStatusBuilder(status)
        .withPhase("Running")
        .withStartTime(now().toString())
        .removeMatchingFromConditions(condition -> "Ready".equals(condition.getType()))
        .addToConditions(new PodConditionBuilder().withType("Ready").withStatus("True").build())
        .withContainerStatuses(
            new ContainerStatusBuilder(container(pod))
                .withReady(true)
                .withStarted(true)
                .withState(
                    new ContainerStateBuilder().withNewRunning("2020-01-01T00:00:00Z").build())
                .build())
        .build();
  }

  private static PodStatus refused(PodStatus status, Ending.IsRefused refused) {
    return new PodStatusBuilder(status)
        .withPhase("Failed")
        .withReason(refused.reason())
        .withMessage(refused.message())
        .withStartTime(now().toString())
        .build();
  }

  private static PodStatus pulling(Pod pod, PodStatus status, Ending.PullsLate late) {
    return new PodStatusBuilder(status)
        .withPhase("Pending")
        .withContainerStatuses(
            new ContainerStatusBuilder(container(pod))
                .withReady(false)
                .withImageID("")
                .withState(
                    new ContainerStateBuilder()
                        .withNewWaiting()
                        .withReason("ImagePullBackOff")
                        .withMessage(late.message())
                        .endWaiting()
                        .build())
                .build())
        .build();
  }

  private static ContainerStatus container(Pod pod) {
    return new ContainerStatusBuilder()
        .withName(pod.getSpec().getContainers().get(0).getName())
        .withImage(pod.getSpec().getContainers().get(0).getImage())
        .withImageID("registry/eval@sha256:00")
        .withRestartCount(0)
        .build();
  }

  private static PodStatus ended(PodStatus status, PretendedRunner.Exit exit) {
    boolean good = exit.exitCode() == 0;
    PodStatusBuilder builder =
        new PodStatusBuilder(status)
            .withPhase(good ? "Succeeded" : "Failed")
            .removeMatchingFromConditions(condition -> "Ready".equals(condition.getType()))
            .addToConditions(
                new PodConditionBuilder()
                    .withType("Ready")
                    .withStatus("False")
                    .withReason(good ? "PodCompleted" : "PodFailed")
                    .build());
    return status.getContainerStatuses().isEmpty()
        ? builder.build()
        : builder
            .editFirstContainerStatus()
            .withReady(false)
            .withNewState()
            .withNewTerminated()
            .withExitCode(exit.exitCode())
            .withReason(good ? "Completed" : "Error")
            .withStartedAt("2020-01-01T00:00:00Z")
            .withFinishedAt(now().toString())
            .withMessage(exit.message())
            .endTerminated()
            .endState()
            .endContainerStatus()
            .build();
  }
}

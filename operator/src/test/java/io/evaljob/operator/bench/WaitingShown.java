package io.evaljob.operator.bench;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.WaitingStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How long after its cause {@code status.waiting} says so, and how long it is there after the cause
 * has gone: between what two watches see, that of whoever causes it and that of the EvalJob. Of
 * pods that no kubelet plays, the causes are written here.
 */
@SuppressWarnings("try") // what is closed at the end of a block need not be named in it
final class WaitingShown {

  private static final int TIMES = 30;

  private static final String RUNTIME =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: NAME}
      spec:
        harness: Command
        command: {args: [python3, /opt/evaluate.py]}
        image: registry.example/evaluate:1
        resources: {prefetch: {cpu: "CPU", memory: 1Mi}}
        allow: {namespaceSelector: {}, claimNames: ["*"]}
      """;

  private static final String STATUS =
      """
      {"status":{"phase":"PHASE","conditions":[
        {"type":"PodScheduled","status":"True"},
        {"type":"Ready","status":"READY"}],
       "containerStatuses":[{"name":"CONTAINER","image":"registry.example/evaluate:1","imageID":"",
         "ready":true,"restartCount":0,"state":STATE}]}}
      """;

  private static final String PULLING =
      "{\"waiting\":{\"reason\":\"ErrImagePull\",\"message\":\"not found\"}}";

  private static final String RUNNING = "{\"running\":{\"startedAt\":\"2026-01-01T00:00:00Z\"}}";

  private final BenchCluster cluster;
  private final Map<String, List<Duration>> measured = new TreeMap<>();
  private final Map<String, Long> causes = new ConcurrentHashMap<>();
  private final Map<String, Map<String, Long>> shown = new ConcurrentHashMap<>();

  WaitingShown(BenchCluster cluster) {
    this.cluster = cluster;
  }

  /** Times by cause, sorted. */
  Map<String, List<Duration>> measure() throws InterruptedException {
    cluster.admin().resource(RUNTIME.replace("NAME", "by-hand").replace("CPU", "1m")).create();
    cluster.admin().resource(RUNTIME.replace("NAME", "too-large").replace("CPU", "9000")).create();
    String namespace = cluster.namespace("waiting");
    String full = cluster.namespace("waiting-full");
    noPods(full);
    try (SharedIndexInformer<EvalJob> here = jobs(namespace);
        SharedIndexInformer<EvalJob> there = jobs(full);
        SharedIndexInformer<Pod> pods =
            cluster.admin().pods().inNamespace(namespace).inform(new Seen<>(this::unscheduled));
        SharedIndexInformer<Event> events =
            cluster.admin().v1().events().inNamespace(full).inform(new Seen<>(this::refused))) {
      for (int i = 0; i < TIMES; i++) {
        byHand(namespace, i);
        caused("Unschedulable", job(namespace, "too-large", "large", i));
        caused("ResourceQuota", job(full, "by-hand", "fullq", i));
      }
    }
    measured.values().forEach(times -> times.sort(null));
    return measured;
  }

  private void caused(String reason, EvalJob job) throws InterruptedException {
    String name = job.getMetadata().getName();
    cluster.admin().resource(job).create();
    long at = shown(name, reason);
    Wait.until("the cause of " + name, () -> causes.containsKey(name));
    add(reason, at - causes.get(name));
    cluster.admin().resource(job).delete();
  }

  /** Four changes of one pod. */
  private void byHand(String namespace, int i) throws InterruptedException {
    EvalJob job = job(namespace, "by-hand", "byhand", i);
    String name = job.getMetadata().getName();
    cluster.admin().resource(job).create();
    Wait.until("the pod of " + name, () -> pod(namespace, name).filter(this::isBound).isPresent());
    Pod pod = pod(namespace, name).orElseThrow();
    change(pod, name, "Pending", "False", PULLING, "ImagePull");
    change(pod, name, "Running", "True", RUNNING, "");
    change(pod, name, "Running", "False", RUNNING, "NodeNotReady");
    change(pod, name, "Running", "True", RUNNING, "");
    cluster.admin().resource(job).delete();
  }

  private void change(Pod pod, String job, String phase, String ready, String state, String reason)
      throws InterruptedException {
    shown.computeIfAbsent(job, none -> new ConcurrentHashMap<>()).clear();
    long began = System.nanoTime();
    cluster
        .admin()
        .pods()
        .resource(pod)
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            STATUS
                .replace("PHASE", phase)
                .replace("READY", ready)
                .replace("STATE", state)
                .replace("CONTAINER", pod.getSpec().getContainers().get(0).getName()));
    add(reason.isEmpty() ? "gone again" : reason, shown(job, reason) - began);
  }

  private long shown(String job, String reason) throws InterruptedException {
    Wait.until(
        job + " shows " + reason, () -> shown.getOrDefault(job, Map.of()).containsKey(reason));
    return shown.get(job).get(reason);
  }

  private void add(String cause, long nanos) {
    measured
        .computeIfAbsent(cause, none -> new ArrayList<>())
        .add(Duration.ofNanos(Math.max(0, nanos)));
  }

  private SharedIndexInformer<EvalJob> jobs(String namespace) {
    return cluster
        .admin()
        .resources(EvalJob.class)
        .inNamespace(namespace)
        .inform(
            new Seen<>(
                job -> {
                  String reason =
                      Optional.ofNullable(job.getStatus())
                          .flatMap(status -> status.waitingIfSet())
                          .flatMap(WaitingStatus::reasonIfSet)
                          .orElse("");
                  shown
                      .computeIfAbsent(
                          job.getMetadata().getName(), none -> new ConcurrentHashMap<>())
                      .putIfAbsent(reason, System.nanoTime());
                }));
  }

  private void unscheduled(Pod pod) {
    boolean refused =
        pod.getStatus().getConditions().stream()
            .filter(condition -> condition.getType().equals("PodScheduled"))
            .map(PodCondition::getStatus)
            .anyMatch("False"::equals);
    if (refused) {
      causes.putIfAbsent(jobOf(pod), System.nanoTime());
    }
  }

  private void refused(Event event) {
    if ("FailedCreate".equals(event.getReason())) {
      String child = event.getInvolvedObject().getName();
      causes.putIfAbsent(child.substring(0, child.indexOf("-base-")), System.nanoTime());
    }
  }

  private static String jobOf(HasMetadata child) {
    return child.getMetadata().getLabels().getOrDefault("evaljob.io/job", "");
  }

  private Optional<Pod> pod(String namespace, String job) {
    return cluster
        .admin()
        .pods()
        .inNamespace(namespace)
        .withLabel("evaljob.io/job", job)
        .list()
        .getItems()
        .stream()
        .findFirst();
  }

  private boolean isBound(Pod pod) {
    return pod.getSpec().getNodeName() != null;
  }

  private void noPods(String namespace) throws InterruptedException {
    cluster
        .admin()
        .resource(
            new ResourceQuotaBuilder()
                .withNewMetadata()
                .withName("none")
                .withNamespace(namespace)
                .endMetadata()
                .withNewSpec()
                .addToHard("pods", new Quantity("0"))
                .endSpec()
                .build())
        .create();
    Wait.until(
        "the ResourceQuota is counted",
        () -> {
          var quota = cluster.admin().resourceQuotas().inNamespace(namespace).withName("none");
          return quota.get().getStatus() != null && !quota.get().getStatus().getHard().isEmpty();
        });
  }

  private static EvalJob job(String namespace, String runtime, String prefix, int i) {
    return Serialization.unmarshal(
        Serialization.asJson(Jobs.of(namespace, prefix, i))
            .replace("\"name\":\"bench\"", "\"name\":\"" + runtime + "\""),
        EvalJob.class);
  }
}

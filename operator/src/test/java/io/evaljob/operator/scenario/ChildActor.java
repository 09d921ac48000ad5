package io.evaljob.operator.scenario;

import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;

/** Plays Job controller, scheduler, kubelet and runner for every Job it sees, by a script. */
final class ChildActor implements AutoCloseable {

  private final KubernetesClient client;
  private final Script script;
  private final PretendedRunner runner;
  private final Predicate<String> full;
  private final ExecutorService stage = Executors.newCachedThreadPool();
  private final Set<String> begun = ConcurrentHashMap.newKeySet();
  private SharedIndexInformer<Job> jobs;

  /** Plays; {@code full} says in which namespaces no pod may be made. */
  ChildActor(
      KubernetesClient client, Script script, PretendedRunner runner, Predicate<String> full) {
    this.client = client;
    this.script = script;
    this.runner = runner;
    this.full = full;
  }

  void start() {
    jobs =
        client
            .batch()
            .v1()
            .jobs()
            .inAnyNamespace()
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(Job job) {
                    begin(job);
                  }

                  @Override
                  public void onUpdate(Job before, Job now) {
                    begin(now);
                  }

                  @Override
                  public void onDelete(Job job, boolean unknown) {
                    // The mock server collects no garbage.
                    client
                        .pods()
                        .inNamespace(job.getMetadata().getNamespace())
                        .withName(podName(job))
                        .delete();
                  }
                });
  }

  /** Looks again at the Jobs of a namespace in which pods may be made again. */
  void resume(String namespace) {
    client.batch().v1().jobs().inNamespace(namespace).list().getItems().forEach(this::begin);
  }

  private void begin(Job job) {
    if (PretendedRunner.stageOf(job.getMetadata().getLabels()) == Stage.Unknown) {
      return;
    }
    if (Boolean.TRUE.equals(job.getSpec().getSuspend())) {
      stage.execute(() -> suspend(job));
    } else if (full.test(job.getMetadata().getNamespace())) {
      if (begun.add("refused " + job.getMetadata().getUid())) {
        stage.execute(() -> refuse(job));
      }
    } else if (begun.add(job.getMetadata().getUid())) {
      stage.execute(() -> play(job));
    }
  }

  /** Takes the pod away, and makes another once the Job is resumed. */
  private void suspend(Job job) {
    try {
      client.pods().inNamespace(job.getMetadata().getNamespace()).withName(podName(job)).delete();
      begun.remove(job.getMetadata().getUid());
    } catch (KubernetesClientException e) {
      // The test is over.
    }
  }

  @Override
  public void close() {
    jobs.close();
    stage.shutdownNow();
  }

  /** As the Job controller tells of a quota. */
  private void refuse(Job job) {
    client
        .resource(
            new EventBuilder()
                .withNewMetadata()
                .withName(job.getMetadata().getName())
                .withNamespace(job.getMetadata().getNamespace())
                .endMetadata()
                .withReason("FailedCreate")
                .withMessage(
                    "Error creating: pods \"x\" is forbidden: exceeded quota: pods, requested:"
                        + " pods=1, used: pods=0, limited: pods=0")
                .withNewInvolvedObject()
                .withKind("Job")
                .withName(job.getMetadata().getName())
                .withNamespace(job.getMetadata().getNamespace())
                .withUid(job.getMetadata().getUid())
                .endInvolvedObject()
                .build())
        .create();
  }

  private void play(Job job) {
    Map<String, String> labels = job.getMetadata().getLabels();
    Stage what = PretendedRunner.stageOf(labels);
    try {
      Ending ending = script.of(labels.get(Labels.MODEL), what, PretendedRunner.attemptOf(labels));
      Pod pod = bind(job);
      if (ending instanceof Ending.IsEvicted) {
        evict(pod);
        finish(job, pod, new PretendedRunner.Exit(137, ""));
        return;
      }
      Optional<PretendedRunner.Exit> exit = runner.run(pod, what, ending);
      if (exit.isPresent()) {
        finish(job, pod, exit.get());
      }
    } catch (KubernetesClientException | InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  private void evict(Pod pod) {
    client
        .resource(pod)
        .edit(
            now ->
                new PodBuilder(now)
                    .editStatus()
                    .addToConditions(
                        new PodConditionBuilder()
                            .withType("DisruptionTarget")
                            .withStatus("True")
                            .withReason("PreemptionByScheduler")
                            .build())
                    .endStatus()
                    .build());
  }

  private Pod bind(Job job) {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withName(podName(job))
            .withNamespace(job.getMetadata().getNamespace())
            .withLabels(job.getSpec().getTemplate().getMetadata().getLabels())
            .addNewOwnerReference()
            .withApiVersion("batch/v1")
            .withKind("Job")
            .withName(job.getMetadata().getName())
            .withUid(job.getMetadata().getUid())
            .withController(true)
            .endOwnerReference()
            .endMetadata()
            .withSpec(job.getSpec().getTemplate().getSpec())
            .editSpec()
            .withNodeName(MockCluster.NODE)
            .endSpec()
            .withNewStatus()
            .withPhase("Running")
            .withContainerStatuses(
                new ContainerStatusBuilder()
                    .withName(
                        job.getSpec().getTemplate().getSpec().getContainers().get(0).getName())
                    .withImageID("registry/eval@sha256:00")
                    .withNewState()
                    .withNewRunning("2020-01-01T00:00:00Z")
                    .endState()
                    .build())
            .endStatus()
            .build();
    return client.resource(pod).create();
  }

  private void finish(Job job, Pod pod, PretendedRunner.Exit exit) {
    boolean complete = exit.exitCode() == 0;
    client
        .pods()
        .inNamespace(pod.getMetadata().getNamespace())
        .withName(pod.getMetadata().getName())
        .edit(
            now ->
                new PodBuilder(now)
                    .editStatus()
                    .withPhase(complete ? "Succeeded" : "Failed")
                    .editFirstContainerStatus()
                    .withNewState()
                    .withNewTerminated()
                    .withExitCode(exit.exitCode())
                    .withStartedAt("2020-01-01T00:00:00Z")
                    .withMessage(exit.message())
                    .endTerminated()
                    .endState()
                    .endContainerStatus()
                    .endStatus()
                    .build());
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(job.getMetadata().getNamespace())
        .withName(job.getMetadata().getName())
        .edit(
            now ->
                new JobBuilder(now)
                    .editOrNewStatus()
                    .addNewCondition()
                    .withType(complete ? "Complete" : "Failed")
                    .withStatus("True")
                    .withReason(complete ? "CompletionsReached" : "BackoffLimitExceeded")
                    .endCondition()
                    .endStatus()
                    .build());
  }

  static String podName(Job job) {
    return job.getMetadata().getName() + "-x";
  }
}

package io.evaljob.operator.scenario;

import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.Preflight;
import io.evaljob.operator.observe.StageFailure;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.report.PodIdentity;
import io.evaljob.operator.report.ReportSink;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Plays Job controller, scheduler, kubelet and runner for every Job it sees, by a script. */
final class ChildActor implements AutoCloseable {

  static final int DATASETS = 2;

  private final KubernetesClient client;
  private final Script script;
  private final Supplier<Optional<ReportSink>> reports;
  private final ExecutorService stage = Executors.newCachedThreadPool();
  private final Set<String> begun = ConcurrentHashMap.newKeySet();
  private SharedIndexInformer<Job> jobs;

  ChildActor(KubernetesClient client, Script script, Supplier<Optional<ReportSink>> reports) {
    this.client = client;
    this.script = script;
    this.reports = reports;
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
                    if (begun.add(job.getMetadata().getUid())) {
                      stage.execute(() -> play(job));
                    }
                  }

                  @Override
                  public void onUpdate(Job before, Job now) {
                    onAdd(now);
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

  @Override
  public void close() {
    jobs.close();
    stage.shutdownNow();
  }

  private void play(Job job) {
    Map<String, String> labels = job.getMetadata().getLabels();
    Stage what = stageOf(labels);
    if (what == Stage.Unknown) {
      return;
    }
    try {
      Ending ending =
          script.of(labels.get(Labels.MODEL), what, Integer.parseInt(labels.get(Labels.ATTEMPT)));
      if (ending instanceof Ending.IsNotMade) {
        return;
      }
      Pod pod = bind(job);
      end(job, pod, what, ending);
    } catch (KubernetesClientException | InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  private void end(Job job, Pod pod, Stage what, Ending ending) throws InterruptedException {
    if (ending instanceof Ending.Succeeds good) {
      report(pod, what, good.rows(), Optional.empty(), DATASETS);
      finish(job, pod, 0, message(what, "Succeeded", "", DATASETS), true);
    } else if (ending instanceof Ending.Fails bad) {
      report(
          pod,
          what,
          List.of(),
          Optional.of(new StageFailure(bad.cause(), bad.message())),
          bad.datasetsDone());
      finish(
          job,
          pod,
          1,
          message(
              what,
              "Failed",
              bad.cause() + "\",\"message\":\"" + bad.message(),
              bad.datasetsDone()),
          false);
    } else if (ending instanceof Ending.Dies dead) {
      finish(job, pod, dead.exitCode(), "", false);
    } else if (ending instanceof Ending.SaysOneDoesAnother liar) {
      finish(job, pod, 0, message(what, "Failed", liar.cause().name(), 0), true);
    } else if (ending instanceof Ending.ForgetsToReport) {
      finish(job, pod, 0, message(what, "Succeeded", "", DATASETS), true);
    } else if (ending instanceof Ending.IsEvicted) {
      client
          .pods()
          .inNamespace(pod.getMetadata().getNamespace())
          .withName(pod.getMetadata().getName())
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
      finish(job, pod, 137, "", false);
    }
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
            .withNodeName("node-1")
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

  /** As the runner does: again and again until it is stored. */
  private void report(
      Pod pod, Stage what, List<ResultRow> rows, Optional<StageFailure> failure, int datasetsDone)
      throws InterruptedException {
    long sequence = 0;
    while (!Thread.currentThread().isInterrupted()) {
      PodIdentity who =
          await()
              .atMost(Duration.ofMinutes(1))
              .pollInterval(Duration.ofMillis(10))
              .until(() -> known(pod), Optional::isPresent)
              .orElseThrow();
      Optional<ReportSink> sink = reports.get();
      if (sink.isEmpty()) {
        continue;
      }
      StageReport report = reportOf(who, what, ++sequence, rows, failure, datasetsDone);
      try {
        sink.get().submit(report).toCompletableFuture().get(500, TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException | ExecutionException again) {
        // Not stored yet, as the runner would be told: once more.
      }
    }
  }

  private Optional<PodIdentity> known(Pod pod) {
    return reports.get().flatMap(sink -> sink.find(pod.getMetadata().getUid()));
  }

  static StageReport reportOf(
      PodIdentity who,
      Stage what,
      long sequence,
      List<ResultRow> rows,
      Optional<StageFailure> failure,
      int datasetsDone) {
    return new StageReport(
        who.namespace(),
        who.job(),
        who.jobUid(),
        who.model(),
        who.podName(),
        who.podUid(),
        what,
        who.attempt(),
        sequence,
        true,
        new Progress(datasetsDone * 6L, 12, datasetsDone, DATASETS, 0, null),
        what == Stage.Infer
            ? Optional.of(
                new Preflight(
                    List.of(new Preflight.SeenDevice(0, "GPU-1", 0)),
                    Map.of(),
                    Optional.empty(),
                    List.of()))
            : Optional.empty(),
        what == Stage.Score ? rows : List.of(),
        failure);
  }

  private void finish(Job job, Pod pod, int exitCode, String message, boolean complete) {
    client
        .pods()
        .inNamespace(pod.getMetadata().getNamespace())
        .withName(pod.getMetadata().getName())
        .edit(
            now ->
                new PodBuilder(now)
                    .editStatus()
                    .withPhase(exitCode == 0 ? "Succeeded" : "Failed")
                    .editFirstContainerStatus()
                    .withNewState()
                    .withNewTerminated()
                    .withExitCode(exitCode)
                    .withStartedAt("2020-01-01T00:00:00Z")
                    .withMessage(message)
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

  private static String message(Stage what, String outcome, String cause, int datasetsDone) {
    return "{\"schemaVersion\":\"1\",\"stage\":\""
        + what
        + "\",\"outcome\":\""
        + outcome
        + "\",\"cause\":\""
        + cause
        + "\",\"datasetsDone\":"
        + datasetsDone
        + ",\"datasetsTotal\":2,\"samplesDone\":"
        + datasetsDone * 6
        + ",\"samplesTotal\":12}";
  }

  private static Stage stageOf(Map<String, String> labels) {
    for (Stage candidate : Stage.values()) {
      if (labels != null && candidate.name().equalsIgnoreCase(labels.get(Labels.STAGE))) {
        return candidate;
      }
    }
    return Stage.Unknown;
  }

  static String podName(Job job) {
    return job.getMetadata().getName() + "-x";
  }
}

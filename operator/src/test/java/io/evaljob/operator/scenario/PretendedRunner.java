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
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * What the runner in a pod would say, without a process.
 *
 * @param reports where to, while an operator runs
 */
record PretendedRunner(Supplier<Optional<ReportSink>> reports) {

  static final int DATASETS = 2;

  /**
   * How a process ended.
   *
   * @param exitCode its exit code
   * @param message its termination message
   */
  record Exit(int exitCode, String message) {}

  /**
   * Says what the ending tells it to say.
   *
   * @return empty where the process does not end by itself
   */
  Optional<Exit> run(Pod pod, Stage stage, Ending ending) throws InterruptedException {
    if (ending instanceof Ending.RunsUntil waits) {
      waits.until().await();
      return run(pod, stage, waits.then());
    }
    if (ending instanceof Ending.Succeeds good) {
      report(pod, stage, good.rows(), Optional.empty(), DATASETS);
      return Optional.of(new Exit(0, message(stage, "Succeeded", "", DATASETS)));
    }
    if (ending instanceof Ending.Fails bad) {
      StageFailure failure = new StageFailure(bad.cause(), bad.message());
      report(pod, stage, List.of(), Optional.of(failure), bad.datasetsDone());
      String why = bad.cause() + "\",\"message\":\"" + bad.message();
      return Optional.of(new Exit(1, message(stage, "Failed", why, bad.datasetsDone())));
    }
    if (ending instanceof Ending.Dies dead) {
      return Optional.of(new Exit(dead.exitCode(), ""));
    }
    if (ending instanceof Ending.SaysOneDoesAnother liar) {
      return Optional.of(new Exit(0, message(stage, "Failed", liar.cause().name(), 0)));
    }
    if (ending instanceof Ending.ForgetsToReport) {
      return Optional.of(new Exit(0, message(stage, "Succeeded", "", DATASETS)));
    }
    return Optional.empty();
  }

  /** As the runner does: again and again until it is stored. */
  private void report(
      Pod pod, Stage what, List<ResultRow> rows, Optional<StageFailure> failure, int datasetsDone)
      throws InterruptedException {
    long sequence = 0;
    while (!Thread.currentThread().isInterrupted()) {
      PodIdentity who =
          await()
              .forever()
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
                    List.of(
                        new Preflight.SeenDevice(
                            0, "GPU-1", 0, OptionalLong.of(8192), OptionalLong.of(4096))),
                    Map.of(),
                    Optional.empty(),
                    List.of(),
                    Optional.of(new Preflight.SmokeTest("Passed", "4 samples of each data set"))))
            : Optional.empty(),
        what == Stage.Score ? rows : List.of(),
        failure);
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

  static Stage stageOf(Map<String, String> labels) {
    for (Stage candidate : Stage.values()) {
      if (labels != null && candidate.name().equalsIgnoreCase(labels.get(Labels.STAGE))) {
        return candidate;
      }
    }
    return Stage.Unknown;
  }

  static int attemptOf(Map<String, String> labels) {
    return Integer.parseInt(labels.get(Labels.ATTEMPT));
  }
}

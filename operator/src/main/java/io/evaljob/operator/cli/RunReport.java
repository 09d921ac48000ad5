package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.ResultRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** How jobs ended, for people. */
final class RunReport {

  private static final Set<String> ENDED = Set.of("Succeeded", "PartiallyFailed", "Failed");

  private RunReport() {}

  /** Whether the operator has said the last word on the job as it is now. */
  static boolean isFinished(EvalJob job) {
    EvalJobStatus status = job.getStatus();
    return status != null
        && status.phaseIfSet().filter(ENDED::contains).isPresent()
        && status.observedGenerationIfSet().orElse(-1L) >= generation(job);
  }

  static boolean succeeded(EvalJob job) {
    return isFinished(job) && "Succeeded".equals(job.getStatus().phase());
  }

  private static long generation(EvalJob job) {
    return Optional.ofNullable(job.getMetadata().getGeneration()).orElse(0L);
  }

  /** The scores of all jobs as a table; empty when there is none. */
  static List<String> scores(List<EvalJob> jobs) {
    TextTable table = new TextTable();
    List<String> names = new ArrayList<>(List.of("MODEL", "DATASET", "METRIC", "SCORE", "SAMPLES"));
    if (jobs.size() > 1) {
      names.add(0, "JOB");
    }
    table.row(names.toArray(String[]::new));
    int rows = 0;
    for (EvalJob job : jobs) {
      for (ResultRow row : job.getStatus().results()) {
        List<String> cells = new ArrayList<>();
        if (jobs.size() > 1) {
          cells.add(job.getMetadata().getName());
        }
        cells.add(row.modelIfSet().orElse(""));
        cells.add(row.datasetIfSet().orElse(""));
        cells.add(row.metricIfSet().orElse(""));
        cells.add(row.scoreIfSet().orElse(row.phaseIfSet().orElse("")));
        cells.add(row.samplesIfSet().map(String::valueOf).orElse(""));
        table.row(cells.toArray(String[]::new));
        rows++;
      }
    }
    return rows == 0 ? List.of() : table.lines("");
  }

  /** Name and phase of a job, and everything that it says about why it is not Succeeded. */
  static List<String> ending(EvalJob job) {
    List<String> lines = new ArrayList<>();
    EvalJobStatus status = job.getStatus();
    lines.add(LoadedManifests.named(job) + ": " + (status == null ? "Pending" : status.phase()));
    if (status == null || succeeded(job)) {
      return lines;
    }
    List<String> said = new ArrayList<>();
    status.conditions().stream()
        .filter(condition -> condition.type().equals("Finished") || isStalled(condition))
        .filter(condition -> !condition.message().isEmpty())
        .forEach(
            condition ->
                say(said, condition.reason() + ": " + condition.message(), condition.message()));
    for (ModelStatus model : status.models()) {
      model
          .lastFailureIfSet()
          .ifPresent(
              failure ->
                  say(
                      said,
                      "model %s: %s: %s"
                          .formatted(model.name(), failure.cause(), failure.message()),
                      failure.message()));
    }
    for (ResultRow row : status.results()) {
      row.messageIfSet()
          .ifPresent(
              message ->
                  say(
                      said,
                      "model %s, dataset %s: %s".formatted(row.model(), row.dataset(), message),
                      message));
    }
    said.forEach(line -> lines.add("  " + line));
    return lines;
  }

  /** Says nothing twice: a row often repeats what its model says, and that what the job says. */
  private static void say(List<String> said, String line, String message) {
    boolean news =
        said.stream()
            .noneMatch(before -> before.contains(message) || message.contains(tail(before)));
    if (news) {
      said.add(line);
    }
  }

  /** What a line says, without the names it begins with. */
  private static String tail(String line) {
    return line.substring(line.lastIndexOf(": ") + 2);
  }

  private static boolean isStalled(Condition condition) {
    return condition.type().equals("Stalled") && condition.status().equals("True");
  }
}

package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.WaitingStatus;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/**
 * What the jobs do, as it changes: redrawn in place on a terminal, one line a change elsewhere.
 *
 * <p>Safe for use by several threads.
 */
final class LiveTable {

  private static final String UP_AND_CLEAR = "\u001b[%dA\u001b[0J";

  private final PrintStream out;
  private final boolean redraw;
  private List<String> shown = List.of();

  LiveTable(PrintStream out, boolean redraw) {
    this.out = out;
    this.redraw = redraw;
  }

  /** Prints a line that stays, above the table. */
  synchronized void say(String line) {
    erase();
    out.println(line);
    shown.forEach(out::println);
    out.flush();
  }

  /** Shows the jobs as they are now. */
  synchronized void show(List<EvalJob> jobs) {
    List<String> lines = render(jobs);
    if (lines.equals(shown)) {
      return;
    }
    if (redraw) {
      erase();
      lines.forEach(out::println);
    } else {
      lines.stream().skip(1).filter(line -> !shown.contains(line)).forEach(out::println);
    }
    shown = lines;
    out.flush();
  }

  private void erase() {
    if (redraw && !shown.isEmpty()) {
      out.print(UP_AND_CLEAR.formatted(shown.size()));
    }
  }

  static List<String> render(List<EvalJob> jobs) {
    TextTable table =
        new TextTable().row("JOB", "MODEL", "PHASE", "ATTEMPT", "PROGRESS", "DEVICES", "WAITING");
    for (EvalJob job : jobs) {
      EvalJobStatus status = job.getStatus();
      String name = job.getMetadata().getName();
      if (status == null || status.models().isEmpty()) {
        String phase = status == null ? "Pending" : status.phaseIfSet().orElse("Pending");
        table.row(name, "", phase, "", "", "", waiting(status));
        continue;
      }
      for (ModelStatus model : status.models()) {
        table.row(
            name,
            model.name(),
            model.phaseIfSet().orElse("Pending"),
            model.attempt() == 0 ? "" : Integer.toString(model.attempt()),
            model.progressIfSet().map(LiveTable::progress).orElse(""),
            devices(model),
            waiting(status));
      }
    }
    return table.lines("");
  }

  private static String progress(Progress progress) {
    List<String> parts = new ArrayList<>();
    parts.add(progress.percent() + "%");
    if (progress.samplesTotal() > 0) {
      parts.add(progress.samplesDone() + "/" + progress.samplesTotal());
    }
    return String.join(" ", parts);
  }

  private static String devices(ModelStatus model) {
    int perProcess = model.devicesPerProcessIfSet().orElse(0);
    int processes = model.processesIfSet().orElse(0);
    if (processes == 0) {
      return "";
    }
    String shape = perProcess == 0 ? processes + " x cpu" : processes + " x " + perProcess;
    return model.deviceIDs().isEmpty()
        ? shape
        : shape + " [" + String.join(",", model.deviceIDs()) + "]";
  }

  private static String waiting(EvalJobStatus status) {
    return status == null ? "" : status.waitingIfSet().map(WaitingStatus::reason).orElse("");
  }
}

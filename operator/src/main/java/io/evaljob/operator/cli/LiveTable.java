package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.WaitingStatus;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What the jobs do, as it changes: redrawn in place on a terminal, one line a change elsewhere.
 *
 * <p>Safe for use by several threads.
 */
final class LiveTable {

  private static final String UP_AND_CLEAR = "\u001b[%dA\u001b[0J";

  /** Wide enough for every value, so that columns do not move while a run goes on. */
  private static final String PHASE = "PHASE          ";

  private static final String PROGRESS = "PROGRESS      ";

  private static final long NOTE_SECONDS = 10;

  private final long start = System.nanoTime();
  private final PrintWriter out;
  private final Terminal terminal;
  private List<String> shown = List.of();
  private String note = "";
  private long nextNote;
  private List<EvalJob> last = List.of();

  LiveTable(PrintWriter out, Terminal terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** Prints a line that stays, above the table. */
  synchronized void say(String line) {
    erase();
    out.println(line);
    if (terminal.redraws()) {
      shown.forEach(out::println);
    }
    out.flush();
  }

  /**
   * Shows a line below the table until the next one; an empty one clears it. Elsewhere than on a
   * terminal lines stay, so there only one in ten seconds is printed.
   */
  synchronized void note(String line) {
    note = line;
    if (terminal.redraws()) {
      show(last);
      return;
    }
    long now = seconds();
    if (!line.isEmpty() && now >= nextNote) {
      nextNote = now + NOTE_SECONDS;
      say(elapsed() + " " + line);
    }
  }

  /** Shows the jobs as they are now. */
  synchronized void show(List<EvalJob> jobs) {
    last = List.copyOf(jobs);
    List<String> lines = new ArrayList<>(render(jobs));
    if (terminal.redraws()) {
      lines.add("%s  Ctrl-C stops and keeps what is done".formatted(elapsed()));
      if (!note.isEmpty()) {
        lines.add(note);
      }
      lines.replaceAll(terminal::fit);
      if (lines.equals(shown)) {
        return;
      }
      erase();
      lines.forEach(out::println);
    } else {
      lines.stream()
          .skip(1)
          .filter(line -> !shown.contains(line))
          .forEach(line -> out.println(elapsed() + " " + line));
    }
    shown = lines;
    out.flush();
  }

  /** Leaves the table as it is now; what is said from now on goes below it. */
  synchronized void finish(List<EvalJob> jobs) {
    erase();
    if (terminal.redraws()) {
      render(jobs).forEach(line -> out.println(terminal.fit(line)));
      out.println();
    } else {
      show(jobs);
    }
    shown = List.of();
    out.flush();
  }

  private String elapsed() {
    return "[%4d s]".formatted(seconds());
  }

  private long seconds() {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
  }

  private void erase() {
    if (terminal.redraws() && !shown.isEmpty()) {
      out.print(UP_AND_CLEAR.formatted(shown.size()));
    }
  }

  /** A line of names and one a model. */
  static List<String> render(List<EvalJob> jobs) {
    TextTable table =
        new TextTable().row("JOB", "MODEL", PHASE, "ATTEMPT", PROGRESS, "DEVICES", "WAITING");
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
    String percent = progress.percent() + "%";
    return progress.samplesTotal() == 0
        ? percent
        : percent + " " + progress.samplesDone() + "/" + progress.samplesTotal();
  }

  /** The devices of each process by their physical names, for example {@code 4,5 | 6,7}. */
  private static String devices(ModelStatus model) {
    int processes = model.processesIfSet().orElse(0);
    int each = model.devicesPerProcessIfSet().orElse(0);
    if (processes == 0) {
      return "";
    }
    if (each == 0) {
      return processes + " x cpu";
    }
    List<String> ids = model.deviceIDs();
    if (ids.size() != processes * each) {
      return processes + " x " + each;
    }
    List<String> slices = new ArrayList<>();
    for (int first = 0; first < ids.size(); first += each) {
      slices.add(String.join(",", ids.subList(first, first + each)));
    }
    return String.join(" | ", slices);
  }

  private static String waiting(EvalJobStatus status) {
    return status == null ? "" : status.waitingIfSet().map(WaitingStatus::reason).orElse("");
  }
}

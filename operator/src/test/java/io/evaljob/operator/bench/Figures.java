package io.evaljob.operator.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What was measured, as a table beside what was aimed at. */
final class Figures {

  private final List<String> rows = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private Duration floorFirst = Duration.ZERO;
  private Duration floorAll = Duration.ZERO;

  void start(String jvm, Duration median, Duration best, long idleMiB) {
    double goal = jvm.contains("ahead") ? 0.6 : 1.0;
    row(
        "start to ready, " + jvm + ", median of 7 (best)",
        seconds(median) + " s (" + seconds(best) + " s)",
        "≤ " + goal + " s",
        median.toMillis() <= goal * 1000);
    row("resident when idle, " + jvm, idleMiB + " MiB", "≤ 100 MiB", idleMiB <= 100);
  }

  /** The rest could not be measured. */
  void brokenOff(Exception why) {
    notes.add("**Broken off, so rows are missing**: " + why.getMessage());
  }

  void writes(List<Captured> writes) {
    Map<String, Long> kinds =
        writes.stream()
            .collect(
                Collectors.groupingBy(
                    write -> write.method() + " " + write.path().replaceAll(".*/(?=[a-z]+$)", ""),
                    java.util.TreeMap::new,
                    Collectors.counting()));
    notes.add("The floor makes for each EvalJob, in this order of kinds: " + kinds + ".");
  }

  void floorFirst(Duration time) {
    floorFirst = time;
  }

  void floorAll(AppliedAtOnce.FloorTimes times) {
    floorAll = times.complete();
    notes.add(
        "The bare client had written everything after "
            + seconds(times.written())
            + " s; its Jobs were complete after "
            + seconds(times.complete())
            + " s.");
  }

  void applied(
      Duration first,
      Duration finished,
      Duration processor,
      long greatestMiB,
      int reportedAgain,
      int jobs) {
    ratio("every first child Job exists", first, floorFirst, 1.10);
    ratio("every EvalJob is Finished", finished, floorAll, 1.5);
    notes.add(
        "The operator used "
            + seconds(processor)
            + " s of processor time for these EvalJobs and was at most "
            + greatestMiB
            + " MiB large; "
            + reportedAgain
            + " reports had to be sent twice; "
            + jobs
            + " Jobs were made.");
  }

  private void ratio(String what, Duration time, Duration floor, double goal) {
    double ratio = (double) time.toNanos() / floor.toNanos();
    row(
        "N EvalJobs applied at once, until " + what,
        seconds(time) + " s ÷ " + seconds(floor) + " s = " + number(ratio),
        "≤ " + goal,
        ratio <= goal);
  }

  void oneLife(Map<String, Long> requests) {
    long writes =
        requests.entrySet().stream()
            .filter(entry -> isWrite(entry.getKey()))
            .mapToLong(Map.Entry::getValue)
            .sum();
    long reads =
        requests.entrySet().stream()
            .filter(entry -> entry.getKey().startsWith("get "))
            .mapToLong(Map.Entry::getValue)
            .sum();
    row(
        "writes of one EvalJob of three stages (no events)",
        Long.toString(writes),
        "≤ 15",
        writes <= 15);
    row("reads of it outside lists and watches", Long.toString(reads), "0", reads == 0);
    notes.add("One EvalJob's requests: " + requests + ".");
  }

  void waiting(Map<String, List<Duration>> byCause) {
    List<Duration> all = byCause.values().stream().flatMap(List::stream).sorted().toList();
    Duration longest = all.get(all.size() - 1);
    row(
        "a cause comes or goes, until `status.waiting` says so, p50 / longest of " + all.size(),
        all.get(all.size() / 2).toMillis() + " / " + longest.toMillis() + " ms",
        "≤ 2 s",
        longest.compareTo(Duration.ofSeconds(2)) <= 0);
    notes.add(
        "Until `status.waiting` says so, p50 / longest: "
            + byCause.entrySet().stream()
                .map(
                    entry ->
                        entry.getKey()
                            + " "
                            + entry.getValue().get(entry.getValue().size() / 2).toMillis()
                            + " / "
                            + entry.getValue().get(entry.getValue().size() - 1).toMillis()
                            + " ms")
                .collect(Collectors.joining(", "))
            + ".");
  }

  void manyLives(Map<String, Long> requests, int jobs) {
    notes.add(
        "The same for "
            + jobs
            + " at once, each: "
            + requests.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + number((double) entry.getValue() / jobs))
                .collect(Collectors.joining(", "))
            + ".");
  }

  void resync(Map<String, Long> requests) {
    long asked =
        requests.entrySet().stream()
            .filter(
                entry ->
                    !entry.getKey().startsWith("list ") && !entry.getKey().startsWith("watch "))
            .mapToLong(Map.Entry::getValue)
            .sum();
    row(
        "requests for finished EvalJobs when the operator is started again",
        Long.toString(asked),
        "0",
        asked == 0);
    if (asked > 0) {
      notes.add("Asked when started again: " + requests + ".");
    }
  }

  void large(
      Duration start,
      long settledMiB,
      long endMiB,
      long greatestMiB,
      long heapMiB,
      Duration median,
      Duration p99) {
    row("M EvalJobs present: resident", endMiB + " MiB", "≤ 256 MiB", endMiB <= 256);
    row(
        "M present: apply to first child, p50 / p99",
        median.toMillis() + " / " + p99.toMillis() + " ms",
        "p99 ≤ 500 ms",
        p99.toMillis() <= 500);
    notes.add(
        "With M present it was ready after "
            + seconds(start)
            + " s, "
            + settledMiB
            + " MiB large 20 s later, at most "
            + greatestMiB
            + " MiB; heap in use "
            + heapMiB
            + " MiB.");
  }

  private static boolean isWrite(String request) {
    return !request.matches("(get|list|watch) .*")
        && !request.endsWith(" events")
        && !request.endsWith(" tokenreviews");
  }

  private void row(String what, String measured, String goal, boolean met) {
    rows.add("| " + what + " | " + measured + " | " + goal + " | " + (met ? "yes" : "no") + " |");
    System.out.println(what + ": " + measured + " (goal " + goal + ")");
  }

  private static String seconds(Duration time) {
    return number(time.toMillis() / 1000.0);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  String document(int jobs, int present, Duration took) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("| what | measured | goal | met |\n|---|---|---|---|\n");
    rows.forEach(
        row ->
            text.append(
                    row.replace("N EvalJobs", "%,d EvalJobs".formatted(jobs))
                        .replace("| M ", "| %,d ".formatted(present)))
                .append('\n'));
    text.append('\n');
    notes.forEach(
        note ->
            text.append("- ")
                .append(note.replace("With M ", "With %,d ".formatted(present)))
                .append('\n'));
    text.append("- ")
        .append(machine())
        .append(" The whole run took ")
        .append(took.toMinutes())
        .append(" min.\n");
    return text.toString();
  }

  private static String machine() throws IOException {
    String model =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.replaceAll(".*:\\s*", ""))
            .findFirst()
            .orElse("unknown processor");
    return "Machine: "
        + Runtime.getRuntime().availableProcessors()
        + " processors ("
        + model
        + "), Linux "
        + System.getProperty("os.version")
        + "; "
        + System.getProperty("bench.versions", "")
        + ". "
        + "Everything, the control plane too, ran on it.";
  }
}

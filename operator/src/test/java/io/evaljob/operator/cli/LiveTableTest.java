package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class LiveTableTest {

  private final StringWriter written = new StringWriter();

  @Test
  void aTerminalIsDrawnOverAndAFileIsNot() {
    LiveTable terminal = table(new Terminal(true, 200));
    terminal.show(List.of(job("Running", 10)));
    String first = written.toString();
    terminal.show(List.of(job("Running", 20)));

    assertThat(first).doesNotContain("\u001b");
    assertThat(written.toString().substring(first.length())).startsWith("\u001b[3A\u001b[0J");
  }

  @Test
  void aFileGetsALineAChangeAndNothingTwice() {
    LiveTable file = table(Terminal.none());
    file.show(List.of(job("Running", 10)));
    file.show(List.of(job("Running", 10)));
    file.show(List.of(job("Succeeded", 100)));

    assertThat(written.toString().lines())
        .hasSize(2)
        .allMatch(line -> line.matches("\\[ +[0-9]+ s\\] .*"))
        .noneMatch(line -> line.contains("\u001b"));
  }

  @Test
  void aLineIsNeverWiderThanTheTerminal() {
    LiveTable terminal = table(new Terminal(true, 30));
    terminal.note("a note that is much longer than thirty columns can hold");
    terminal.show(List.of(job("Running", 10)));

    assertThat(written.toString().replaceAll("\u001b\\[[0-9]*[AJ]", "").lines())
        .allMatch(line -> line.length() <= 30)
        .anyMatch(line -> line.endsWith("…"));
  }

  @Test
  void whatIsSaidStaysAboveTheTable() {
    LiveTable terminal = table(new Terminal(true, 200));
    terminal.show(List.of(job("Running", 10)));
    terminal.say("something");

    List<String> lines = written.toString().lines().toList();
    assertThat(lines.get(3)).endsWith("something");
    assertThat(lines.get(4)).startsWith("JOB");
  }

  @Test
  void whatIsSaidAfterTheEndGoesBelowAndErasesNothing() {
    LiveTable terminal = table(new Terminal(true, 200));
    terminal.show(List.of(job("Running", 10)));
    terminal.finish(List.of(job("Succeeded", 100)));
    int end = written.toString().length();
    terminal.say("the scores are above");

    assertThat(written.toString().substring(end)).isEqualTo("the scores are above\n");
  }

  @Test
  void devicesAreShownByProcess() {
    assertThat(LiveTable.render(List.of(job("Running", 10))).get(1))
        .containsPattern("j +m +Running +1 +10% 1/12 +4,5 \\| 6,7");
  }

  private LiveTable table(Terminal terminal) {
    return new LiveTable(new PrintWriter(written, true), terminal);
  }

  private static EvalJob job(String phase, int percent) {
    String yaml =
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalJob
        metadata: {name: j, namespace: default}
        status:
          phase: %s
          models:
          - name: m
            phase: %s
            attempt: 1
            processes: 2
            devicesPerProcess: 2
            deviceIDs: ["4", "5", "6", "7"]
            progress: {percent: %d, samplesDone: 1, samplesTotal: 12}
        """
            .formatted(phase, phase, percent);
    return new KubernetesSerialization().unmarshal(yaml, EvalJob.class);
  }
}

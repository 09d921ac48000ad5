package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run in a process of its own, stopped in the middle as people and machines stop it. */
class InterruptedRunTest {

  /** In a shell's background SIGINT is ignored, in this process and in what it starts. */
  private static final String UNIGNORED =
      """
      import os, signal, sys
      signal.signal(signal.SIGINT, signal.SIG_DFL)
      os.execv(sys.argv[1], sys.argv[1:])
      """;

  @TempDir Path folder;

  private final List<Process> started = new ArrayList<>();
  private Path answered;
  private Path gate;
  private String file;

  /** The example's program, which now notes every answer and stops at the fourth for a gate. */
  @BeforeEach
  void makeProgram() throws IOException {
    answered = folder.resolve("answered");
    gate = folder.resolve("gate");
    Path data = Files.createDirectory(folder.resolve("data"));
    Path example = Edit.EXAMPLES.resolve("data/command");
    for (String name : List.of("sums.tsv", "products.tsv")) {
      Files.copy(example.resolve(name), data.resolve(name));
    }
    String program = Files.readString(example.resolve("evaluate.py"));
    String pause = "    time.sleep(0.02)  # a model would think here\n";
    assertThat(program).contains(pause);
    Files.writeString(
        data.resolve("evaluate.py"),
        program.replace(
            pause,
            """
                with open("%s", "a+") as notes:
                    notes.seek(0)
                    count = len(notes.readlines())
                while count >= 3 and not os.path.exists("%s"):
                    time.sleep(0.02)
                with open("%s", "a") as notes:
                    notes.write("%%d %%d\\n" %% (left, right))
            """
                .formatted(answered, gate, answered)));
    file =
        Edit.copy(
            folder,
            "command",
            "./data/command # relative",
            data + " # relative",
            "    processes: 2\n",
            "    processes: 1\n",
            "  - name: products\n    volume: {name: files, path: products.tsv}\n",
            "");
  }

  @AfterEach
  void endProcesses() {
    started.forEach(process -> process.descendants().forEach(ProcessHandle::destroyForcibly));
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void ctrlCKeepsWhatIsDoneAndTheNextRunGoesOn() throws Exception {
    Process first = run();
    await().until(() -> answers() == 3);

    signal(first, "INT");

    assertThat(first.waitFor(180, TimeUnit.SECONDS)).as(output(first)).isTrue();
    assertThat(first.exitValue()).as(output(first)).isEqualTo(130);
    assertThat(output(first)).contains("stopping:", "run the same command again to go on");
    theNextRunGoesOn();
  }

  @Test
  void aKilledRunIsTakenUpWhereItWas() throws Exception {
    Process first = run();
    await().until(() -> answers() == 3);

    first.destroyForcibly();

    assertThat(first.waitFor(180, TimeUnit.SECONDS)).isTrue();
    theNextRunGoesOn();
  }

  @Test
  void verifyDevicesEndsWhatItStarted() throws Exception {
    Path started = folder.resolve("started");
    Path python = folder.resolve("python3");
    Files.writeString(
        python,
        "#!/bin/sh\necho $$ > %s.part\nmv %s.part %s\nexec cat %s\n"
            .formatted(started, started, started, fifo()));
    assertThat(python.toFile().setExecutable(true)).isTrue();
    Process verify = start("verify-devices", "--devices", "2:80Gi", "--python", python.toString());
    await().until(() -> Files.exists(started));
    ProcessHandle child =
        ProcessHandle.of(Long.parseLong(Files.readString(started).strip())).orElseThrow();

    signal(verify, "INT");

    assertThat(verify.waitFor(180, TimeUnit.SECONDS)).as(output(verify)).isTrue();
    assertThat(verify.exitValue()).as(output(verify)).isEqualTo(130);
    assertThat(output(verify)).contains("stopped; the same command begins again");
    await().until(() -> !child.isAlive());
  }

  /** A pipe that nobody writes to. */
  private Path fifo() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    return fifo;
  }

  /** No answer is given twice, and none is missing. */
  private void theNextRunGoesOn() throws Exception {
    Files.createFile(gate);
    Process second = run();
    assertThat(second.waitFor(180, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).as(output(second)).isZero();
    assertThat(output(second)).contains("accuracy  1.0000  12");
    assertThat(Files.readAllLines(answered)).hasSize(12).doesNotHaveDuplicates();
  }

  private long answers() throws IOException {
    return Files.exists(answered) ? Files.readAllLines(answered).size() : 0;
  }

  private Process run() throws IOException {
    return start("run", "--state", folder.resolve("state").toString(), file);
  }

  private Process start(String... command) throws IOException {
    Path log = folder.resolve("run" + started.size() + ".log");
    List<String> all =
        new ArrayList<>(
            List.of(
                "python3",
                "-c",
                UNIGNORED,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    all.addAll(List.of(command));
    ProcessBuilder builder =
        new ProcessBuilder(all).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("CUDA_VISIBLE_DEVICES", "");
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private String output(Process process) throws IOException {
    return Files.readString(folder.resolve("run" + started.indexOf(process) + ".log"));
  }

  /** The way a terminal does it: Java itself sends SIGTERM only. */
  private static void signal(Process process, String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-s", name, Long.toString(process.pid())).start();
    assertThat(kill.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(kill.exitValue()).isZero();
  }
}

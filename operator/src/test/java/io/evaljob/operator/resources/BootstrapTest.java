package io.evaljob.operator.resources;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootstrapTest {
  private static final RunnerArchive RUNNER =
      RunnerArchive.of(
          Map.of(
              "__main__.py",
              bytes(
                  "import sys\nfrom evaljob_runner import word\nprint(word.SAID, sys.argv[1:])\n"),
              "evaljob_runner/__init__.py",
              bytes(""),
              "evaljob_runner/word.py",
              bytes("SAID = 'hello'\n")));

  @TempDir Path folder;
  private Path archive;

  private record Ended(int code, String output) {}

  @BeforeEach
  void write() throws IOException {
    archive = Files.write(folder.resolve(RunnerArchive.FILE_NAME), RUNNER.bytes());
  }

  @Test
  void runsTheRunnerItWasMadeWith() throws Exception {
    Ended ended = run(RUNNER.sha256());
    assertThat(ended.output()).isEqualTo("hello ['infer']\n");
    assertThat(ended.code()).isZero();
  }

  @Test
  void runsNothingElse() throws Exception {
    Ended ended = run("0".repeat(64));
    assertThat(ended.output()).contains("has sha256 " + RUNNER.sha256()).doesNotContain("hello");
    assertThat(ended.code()).isEqualTo(1);
  }

  @Test
  void whatReplacesTheMountedRunnerLaterIsNeverRun() throws Exception {
    RunnerArchive late =
        RunnerArchive.of(
            Map.of(
                "__main__.py",
                bytes(
                    """
                    import sys
                    with open('MOUNTED', 'wb') as planted:
                        planted.write(b'planted')
                    with open(sys.argv[0], 'rb') as own:
                        print(own.read(2))
                    """
                        .replace("MOUNTED", archive.toString()))));
    Files.write(archive, late.bytes());

    Ended ended = run(late.sha256());

    assertThat(archive).hasContent("planted");
    assertThat(ended.output()).isEqualTo("b'PK'\n");
  }

  @Test
  void theRunnerOfThisBuildIsWhole() {
    assertThat(RunnerArchive.fromClassPath().bytes()).isNotEmpty();
    assertThat(RunnerArchive.fromClassPath()).isEqualTo(RunnerArchive.fromClassPath());
  }

  private Ended run(String sha256) throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    ProcessBuilder builder =
        new ProcessBuilder("python3", "-c", StageJob.BOOTSTRAP, archive.toString(), sha256, "infer")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("TMPDIR", folder.toString());
    Process process = builder.start();
    assertThat(process.waitFor(180, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), Files.readString(output));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

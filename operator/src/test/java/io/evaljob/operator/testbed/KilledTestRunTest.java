package io.evaljob.operator.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A test run that is killed leaves no component behind. */
@RealCluster(ours = true)
class KilledTestRunTest {

  @TempDir Path folder;

  @Test
  void everyComponentEndsWithTheJvm() throws IOException, InterruptedException {
    Process run =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                KilledTestRun.class.getName(),
                folder.resolve("plane").toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String line = "";
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(run.getInputStream(), StandardCharsets.UTF_8))) {
      // The logging of a library may come first.
      while (line != null && !line.matches("\\d+( \\d+)*")) {
        line = out.readLine();
      }
    } finally {
      run.destroyForcibly();
      run.waitFor();
    }
    assertThat(line).isNotNull();
    List<Long> components = Stream.of(line.split(" ", -1)).map(Long::valueOf).toList();
    assertThat(components).hasSize(4);
    await().until(() -> components.stream().noneMatch(KilledTestRunTest::runs));
  }

  private static boolean runs(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }
}

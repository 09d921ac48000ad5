package io.evaljob.operator.testbed.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parts of the node that need no cluster. */
class LocalNodePartsTest {

  @ParameterizedTest
  @CsvSource({
    "python, python",
    "python:3.12-slim, python",
    "example.com/a/python:1, example.com/a/python",
    "example.com:5000/python, example.com:5000/python",
    "example.com:5000/python:1@sha256:00, example.com:5000/python",
    "python@sha256:00, python"
  })
  void anImageIsKnownByItsRepository(String image, String repository) {
    assertThat(ImageTable.repository(image)).isEqualTo(repository);
  }

  @Test
  void whatThisProcessLeavesBehindIsEnded(@TempDir Path state) throws IOException {
    LeftoverGuard guard = LeftoverGuard.of(state);
    Process pod = new ProcessBuilder("setsid", "sh", "-c", "echo up; exec sleep 600").start();
    try {
      // It has a group of its own only once setsid has made one.
      assertThat(pod.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("up");
      Path folder = Files.createDirectories(state.resolve("pods/some-pod"));
      Files.writeString(folder.resolve("process"), pod.pid() + "\nstart\n");
      // As at the end of the process, however it comes: there is nothing more to read.
      guard.close();
      await().until(() -> !pod.isAlive());
    } finally {
      pod.destroyForcibly();
    }
  }
}

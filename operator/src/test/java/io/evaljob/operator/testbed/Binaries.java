package io.evaljob.operator.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The programs of a control plane.
 *
 * @param folder holds {@code etcd}, {@code kube-apiserver}, {@code kubectl} and the others
 */
record Binaries(Path folder) {

  private static final List<String> NEEDED =
      List.of(
          "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok");

  /**
   * Looks where {@code KUBEBUILDER_ASSETS} says, else in the cache of {@code .ci/testbed/build}.
   *
   * @return empty when neither holds all programs
   */
  static Optional<Binaries> find(Map<String, String> environment) {
    String given = environment.getOrDefault("KUBEBUILDER_ASSETS", "");
    Path folder = given.isEmpty() ? cached() : Path.of(given);
    return NEEDED.stream().allMatch(name -> Files.isExecutable(folder.resolve(name)))
        ? Optional.of(new Binaries(folder.toAbsolutePath()))
        : Optional.empty();
  }

  /** What to do where there is none. */
  static String remedy() {
    return "run .ci/testbed/build (Go 1.21 or newer, about 7 minutes, once), or name a folder of"
        + " ready binaries by KUBEBUILDER_ASSETS ("
        + String.join(", ", NEEDED)
        + "), or any cluster by EVALJOB_TEST_KUBECONFIG";
  }

  private static Path cached() {
    Path script = Checkout.root().resolve(".ci/testbed/build");
    try {
      Process process = new ProcessBuilder("bash", script.toString(), "--path").start();
      process.getOutputStream().close();
      String path = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      process.waitFor(10, TimeUnit.SECONDS);
      return Path.of(path.isBlank() ? "absent" : path.strip());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run " + script, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  Path program(String name) {
    return folder.resolve(name);
  }
}

package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.controller.PodInputs;
import io.evaljob.operator.sandbox.kubelet.LocalImage;
import io.evaljob.operator.sandbox.kubelet.LocalImages;
import io.evaljob.operator.sandbox.kubelet.RuntimeImages;
import io.evaljob.operator.sandbox.kubelet.VirtualEnvironments;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What stands for images in tests. */
public final class Programs {

  private static final String ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
  private static final String MAIN = "io.evaljob.operator.cli.Main";

  private Programs() {}

  /** This machine's python3. */
  static Path python() {
    try {
      return Path.of(
          VirtualEnvironments.ask(
              List.of("python3", "-I", "-S", "-c", "import sys; print(sys.executable)"),
              System.getenv()));
    } catch (IOException e) {
      throw new UncheckedIOException("python3 is not on the PATH", e);
    }
  }

  /**
   * An image with a harness: the requirements of the pod's runtime, or python3 and a shell.
   *
   * @param cache folder of the environments made for requirements
   */
  public static LocalImages harness(Path cache) {
    Path python = python();
    return new RuntimeImages(
        new VirtualEnvironments(cache, python, System.getenv(), progress -> {}),
        python,
        Optional.empty());
  }

  /** The operator as this test run has compiled it. */
  public static LocalImages operator() {
    return operator(
        List.of(
            "-XX:+UseSerialGC",
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            // Not that of tests, which is on this class path too.
            "-Dlogback.configurationFile=logback-pod.xml"),
        System.getProperty("java.class.path"));
  }

  /**
   * The operator from a class path, told by the client's variables where its account is: without a
   * mount namespace it is not where the client looks.
   */
  public static LocalImages operator(List<String> options, String classPath) {
    List<String> entrypoint = new ArrayList<>();
    entrypoint.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    entrypoint.addAll(options);
    entrypoint.addAll(List.of("-cp", classPath, MAIN));
    return fixed(
        new LocalImage(
            python(),
            List.of(),
            Map.of(
                "KUBERNETES_AUTH_TRYKUBECONFIG", "false",
                "KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN", ACCOUNT + "/token",
                "KUBERNETES_CERTS_CA_FILE", ACCOUNT + "/ca.crt",
                "KUBENAMESPACE", ACCOUNT + "/namespace"),
            entrypoint));
  }

  /** The same for every pod. */
  public static LocalImages fixed(LocalImage image) {
    return new LocalImages() {
      @Override
      public Optional<LocalImage> ready(Pod pod, PodInputs inputs) {
        return Optional.of(image);
      }

      @Override
      public LocalImage prepare(Pod pod, PodInputs inputs) {
        return image;
      }
    };
  }
}

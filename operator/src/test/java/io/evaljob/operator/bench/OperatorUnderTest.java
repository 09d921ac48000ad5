package io.evaljob.operator.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evaljob.operator.testbed.OwnPlane;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The operator's own process, started with the options of the image. */
final class OperatorUnderTest implements AutoCloseable {

  private final OwnPlane.Leashed process;
  private final int healthPort;
  private final int reportPort;
  private Duration start = Duration.ZERO;

  private OperatorUnderTest(OwnPlane.Leashed process, int healthPort, int reportPort) {
    this.process = process;
    this.healthPort = healthPort;
    this.reportPort = reportPort;
  }

  /**
   * Which JVM runs it, and from which archive.
   *
   * @param java the program
   * @param archive options that name its archive; none for a start without
   */
  record Jvm(Path java, List<String> archive) {}

  /** Starts it and waits until it is ready and leads. */
  static OperatorUnderTest start(BenchCluster cluster, Path root, Jvm jvm)
      throws IOException, InterruptedException {
    int health = freePort();
    int report = freePort();
    List<String> command = new ArrayList<>(List.of(jvm.java().toString()));
    command.addAll(jvm.archive());
    command.addAll(imageOptions(root));
    Stream.of(System.getProperty("bench.operator.options", "").split(" ", -1))
        .filter(option -> !option.isEmpty())
        .forEach(command::add);
    command.addAll(List.of("-jar", jar(root).toString(), "operator"));
    Map<String, String> environment = environment(cluster, health, report);
    long began = System.nanoTime();
    OperatorUnderTest operator =
        new OperatorUnderTest(cluster.leash("operator", command, environment), health, report);
    try {
      operator.awaitReady(began);
      operator.awaitLead();
      return operator;
    } catch (IOException | InterruptedException | RuntimeException e) {
      operator.close();
      throw e;
    }
  }

  /** As a pod of the Deployment has it: a token and an authority in files. */
  private static Map<String, String> environment(BenchCluster cluster, int health, int report)
      throws IOException {
    Map<String, String> environment = new HashMap<>();
    String token =
        cluster
            .admin()
            .serviceAccounts()
            .inNamespace("evaljob-system")
            .withName("evaljob-operator")
            .tokenRequest(
                new TokenRequestBuilder()
                    .withNewSpec()
                    .withExpirationSeconds(24 * 3600L)
                    .endSpec()
                    .build())
            .getStatus()
            .getToken();
    Path file = cluster.folder().resolve("token");
    Files.writeString(file, token);
    environment.put("KUBERNETES_MASTER", cluster.admin().getMasterUrl().toString());
    environment.put("KUBERNETES_AUTH_TRYKUBECONFIG", "false");
    environment.put("KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN", file.toString());
    environment.put("KUBERNETES_CERTS_CA_FILE", cluster.folder().resolve("ca.crt").toString());
    environment.put("EVALJOB_NAMESPACE", "evaljob-system");
    environment.put("EVALJOB_LISTEN_ADDRESS", "127.0.0.1");
    environment.put("EVALJOB_HEALTH_PORT", Integer.toString(health));
    environment.put("EVALJOB_REPORT_PORT", Integer.toString(report));
    environment.put("EVALJOB_REPORT_URL", "https://localhost:" + report);
    environment.put("EVALJOB_LOG_LEVEL", "WARN");
    return environment;
  }

  /** The options of the image's entry point, but for its archive and its jar. */
  static List<String> imageOptions(Path root) throws IOException {
    List<String> options = new ArrayList<>();
    for (String line : Files.readAllLines(root.resolve("deploy/Dockerfile"))) {
      if (line.startsWith("ENTRYPOINT ")) {
        JsonNode entry = new ObjectMapper().readTree(line.substring("ENTRYPOINT ".length()));
        entry.forEach(word -> options.add(word.asText()));
      }
    }
    return options.stream()
        .filter(option -> option.startsWith("-X"))
        .filter(option -> !option.contains("SharedArchiveFile") && !option.contains("AOTCache"))
        // A pod has 512 MiB; there is no such limit here.
        .map(OperatorUnderTest::asInPod)
        .toList();
  }

  private static String asInPod(String option) {
    String percentage = "-XX:MaxRAMPercentage=";
    return option.startsWith(percentage)
        ? "-Xmx" + 512 * Integer.parseInt(option.substring(percentage.length())) / 100 + "m"
        : option;
  }

  static Path jar(Path root) throws IOException {
    try (var files = Files.list(root.resolve("operator/target"))) {
      return files
          .filter(file -> file.getFileName().toString().matches("evaljob-operator-.*-all\\.jar"))
          .findFirst()
          .orElseThrow(
              () -> new IllegalStateException("no jar in operator/target; build it first"));
    }
  }

  private void awaitReady(long began) throws IOException, InterruptedException {
    while (status("/readyz") != 200) {
      if (!process.isAlive()) {
        throw new IllegalStateException("the operator ended; see operator.log");
      }
      Thread.sleep(2);
    }
    start = Duration.ofNanos(System.nanoTime() - began);
  }

  private void awaitLead() throws IOException, InterruptedException {
    while (metric("evaljob_leader") < 1) {
      Thread.sleep(20);
    }
  }

  private int status(String path) {
    try {
      HttpURLConnection connection = (HttpURLConnection) health(path).toURL().openConnection();
      connection.setConnectTimeout(500);
      connection.setReadTimeout(2000);
      return connection.getResponseCode();
    } catch (IOException notYet) {
      return 0;
    }
  }

  private URI health(String path) {
    return URI.create("http://127.0.0.1:" + healthPort + path);
  }

  /** The sum of a metric over its labels that contain all of these texts. */
  double metric(String name, String... labels) throws IOException {
    double sum = 0;
    String text =
        new String(
            health("/metrics").toURL().openStream().readAllBytes(),
            java.nio.charset.StandardCharsets.UTF_8);
    for (String line : text.split("\n", -1)) {
      boolean named = line.startsWith(name + "{") || line.startsWith(name + " ");
      if (named && List.of(labels).stream().allMatch(line::contains)) {
        sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    return sum;
  }

  /** From the start of the process until it was ready. */
  Duration start() {
    return start;
  }

  URI reportEndpoint() {
    return URI.create("https://localhost:" + reportPort);
  }

  /** Resident size in MiB. */
  long resident() throws IOException {
    return status("VmRSS:", 1024);
  }

  /** Greatest resident size so far in MiB. */
  long greatestResident() throws IOException {
    return status("VmHWM:", 1024);
  }

  /** Heap in use in MiB. */
  long heap() throws IOException {
    return Math.round(metric("jvm_memory_used_bytes", "area=\"heap\"") / (1 << 20));
  }

  /** Processor time so far. */
  Duration processorTime() {
    return ProcessHandle.of(process.pid())
        .flatMap(handle -> handle.info().totalCpuDuration())
        .orElse(Duration.ZERO);
  }

  long pid() {
    return process.pid();
  }

  private long status(String field, long divisor) throws IOException {
    return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
            .filter(line -> line.startsWith(field))
            .map(line -> line.replaceAll("[^0-9]", ""))
            .mapToLong(Long::parseLong)
            .findFirst()
            .orElse(0)
        / divisor;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Ends it by SIGTERM and gives it time: an archive is written at the end. */
  void endInItsTime() throws InterruptedException {
    ProcessHandle.of(process.pid()).ifPresent(ProcessHandle::destroy);
    Wait.until("the operator has written its archive", () -> !process.isAlive());
  }

  @Override
  public void close() {
    process.close();
  }
}

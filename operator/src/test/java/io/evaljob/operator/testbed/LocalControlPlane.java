package io.evaljob.operator.testbed;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * etcd, API server, controller manager and scheduler as processes of this machine, on free loopback
 * ports, with new keys and nothing kept from an earlier run.
 */
final class LocalControlPlane implements ControlPlane.Processes, AutoCloseable {

  private static final Duration LONGEST_START = Duration.ofMinutes(2);

  private final Binaries binaries;
  private final Path folder;
  private final String token = UUID.randomUUID().toString();
  private final List<Component> components = new ArrayList<>();
  private final int etcdPort;
  private final int apiPort;
  private Component apiServer;
  private Config config;

  private LocalControlPlane(Binaries binaries, Path folder) throws IOException {
    this.binaries = binaries;
    this.folder = folder;
    List<Integer> ports = freePorts(5);
    etcdPort = ports.get(0);
    apiPort = ports.get(1);
    prepareFolder();
    start(
        "etcd",
        List.of(
            "--data-dir=" + folder.resolve("etcd"),
            "--listen-client-urls=http://127.0.0.1:" + etcdPort,
            "--advertise-client-urls=http://127.0.0.1:" + etcdPort,
            "--listen-peer-urls=http://127.0.0.1:" + ports.get(2),
            "--unsafe-no-fsync",
            "--log-level=warn"));
    startApiServer();
    // Kinds that come later are known to the garbage collector only half a minute later.
    new Kubectl(binaries.program("kubectl"), kubeconfig()).run("apply", "-k", "crds");
    start("kube-controller-manager", controllerManager(ports.get(3)));
    start(
        "kube-scheduler",
        List.of(
            "--kubeconfig=" + kubeconfig(),
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            "--secure-port=" + ports.get(4),
            "--authentication-skip-lookup=true",
            "--kube-api-qps=500",
            "--kube-api-burst=1000"));
  }

  /** Starts everything; the API server answers, and accounts are made in new namespaces. */
  static LocalControlPlane start(Binaries binaries, Path folder) {
    LocalControlPlane plane = null;
    try {
      plane = new LocalControlPlane(binaries, folder);
      plane.awaitControllers();
      return plane;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start a control plane in " + folder, e);
    } catch (RuntimeException e) {
      if (plane != null) {
        plane.close();
      }
      throw e;
    }
  }

  Config config() {
    return config;
  }

  Path kubeconfig() {
    return folder.resolve("kubeconfig");
  }

  Binaries binaries() {
    return binaries;
  }

  @Override
  public Path auditLog() {
    return folder.resolve("audit.log");
  }

  @Override
  public Path logs() {
    return folder;
  }

  @Override
  public URI etcd() {
    return URI.create("http://127.0.0.1:" + etcdPort);
  }

  @Override
  public void stopApiServer() {
    components.remove(apiServer);
    apiServer.kill();
  }

  @Override
  public void startApiServer() {
    apiServer = start("kube-apiserver", apiServer());
    Path certificate = folder.resolve("certificates/apiserver.crt");
    await("the API server's certificate", () -> Files.isReadable(certificate));
    try {
      // The server's own certificate, then the authority that it was made by.
      String chain = Files.readString(certificate);
      String authority = chain.substring(chain.lastIndexOf("-----BEGIN"));
      Files.writeString(authority(), authority);
      Files.writeString(kubeconfig(), kubeconfigText());
      config =
          new ConfigBuilder(Config.empty())
              .withMasterUrl(url())
              .withCaCertData(Base64.getEncoder().encodeToString(authority.getBytes(UTF_8)))
              .withOauthToken(token)
              .withUserAgent("evaljob-test")
              .build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (KubernetesClient probe = new KubernetesClientBuilder().withConfig(quick()).build()) {
      await("the API server", () -> answers(probe, "/readyz"));
    }
  }

  List<Component> components() {
    return List.copyOf(components);
  }

  @Override
  public void close() {
    for (int i = components.size() - 1; i >= 0; i--) {
      components.get(i).close();
    }
    components.clear();
    deleteTree(folder.resolve("etcd"));
  }

  private Component start(String name, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(binaries.program(name).toString()));
    command.addAll(arguments);
    Component component = Component.start(name, folder.resolve(name + ".log"), command);
    components.add(component);
    return component;
  }

  private List<String> apiServer() {
    return List.of(
        "--etcd-servers=http://127.0.0.1:" + etcdPort,
        "--secure-port=" + apiPort,
        "--bind-address=127.0.0.1",
        "--cert-dir=" + folder.resolve("certificates"),
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-key-file=" + folder.resolve("accounts.pub"),
        "--service-account-signing-key-file=" + folder.resolve("accounts.key"),
        "--authorization-mode=RBAC",
        // Off by default, on in OpenShift: whoever blocks an owner's deletion has a right to it.
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
        "--token-auth-file=" + folder.resolve("tokens.csv"),
        "--service-cluster-ip-range=10.0.0.0/24",
        "--audit-policy-file=" + folder.resolve("audit-policy.yaml"),
        "--audit-log-path=" + auditLog(),
        "--audit-log-mode=blocking-strict",
        // A pod leaves a node that is gone after seconds, not after five minutes.
        "--default-not-ready-toleration-seconds=3",
        "--default-unreachable-toleration-seconds=3",
        "--max-requests-inflight=2000",
        "--max-mutating-requests-inflight=1000");
  }

  private List<String> controllerManager(int port) {
    return List.of(
        "--kubeconfig=" + kubeconfig(),
        "--service-account-private-key-file=" + folder.resolve("accounts.key"),
        "--root-ca-file=" + authority(),
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--secure-port=" + port,
        "--authentication-skip-lookup=true",
        "--node-monitor-period=1s",
        "--node-monitor-grace-period=20s",
        "--pvclaimbinder-sync-period=2s",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--concurrent-job-syncs=20");
  }

  private void prepareFolder() throws IOException {
    deleteTree(folder);
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("tokens.csv"), token + ",admin,admin,\"system:masters\"\n", UTF_8);
    KeyPair keys = newKeys();
    Files.writeString(
        folder.resolve("accounts.key"), pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
    Files.writeString(
        folder.resolve("accounts.pub"), pem("PUBLIC KEY", keys.getPublic().getEncoded()));
    Files.writeString(
        folder.resolve("audit-policy.yaml"),
        """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived]
        omitManagedFields: true
        rules:
        - level: Metadata
          userGroups: ["system:serviceaccounts:evaljob-system"]
        - level: None
        """);
  }

  private String kubeconfigText() {
    return """
    apiVersion: v1
    kind: Config
    current-context: testbed
    contexts:
    - name: testbed
      context: {cluster: testbed, user: admin}
    clusters:
    - name: testbed
      cluster:
        server: SERVER
        certificate-authority: ca.crt
    users:
    - name: admin
      user: {token: TOKEN}
    """
        .replace("SERVER", url())
        .replace("TOKEN", token);
  }

  private Path authority() {
    return folder.resolve("ca.crt");
  }

  private String url() {
    return "https://127.0.0.1:" + apiPort;
  }

  private Config quick() {
    return new ConfigBuilder(config)
        .withRequestTimeout(2_000)
        .withConnectionTimeout(2_000)
        .withRequestRetryBackoffLimit(0)
        .build();
  }

  private void awaitControllers() {
    try (KubernetesClient probe = new KubernetesClientBuilder().withConfig(quick()).build()) {
      await(
          "the controller manager",
          () -> probe.serviceAccounts().inNamespace("default").withName("default").get() != null);
    }
  }

  private static boolean answers(KubernetesClient client, String path) {
    try {
      return "ok".equals(client.raw(path));
    } catch (KubernetesClientException e) {
      return false;
    }
  }

  private void await(String what, BooleanSupplier ready) {
    long end = System.nanoTime() + LONGEST_START.toNanos();
    while (!ready.getAsBoolean()) {
      for (Component component : components) {
        if (!component.isAlive()) {
          throw new IllegalStateException(
              component.name() + " ended at its start:\n" + component.tail());
        }
      }
      if (System.nanoTime() > end) {
        throw new IllegalStateException(
            what + " did not come up; see the logs in " + folder + "\n" + apiServer.tail());
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a control plane starts", e);
    }
  }

  /** Ports that were free a moment ago; held together, so that they differ. */
  private static List<Integer> freePorts(int count) throws IOException {
    List<ServerSocket> held = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        held.add(socket);
        ports.add(socket.getLocalPort());
      }
    } finally {
      for (ServerSocket socket : held) {
        socket.close();
      }
    }
    return ports;
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has RSA", e);
    }
  }

  private static String pem(String what, byte[] encoded) {
    String kind = what.toUpperCase(Locale.ROOT);
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
        + "\n-----END "
        + kind
        + "-----\n";
  }

  private static void deleteTree(Path root) {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package io.evaljob.operator.testbed.node;

import static io.evaljob.operator.testbed.node.Workload.pod;
import static io.evaljob.operator.testbed.node.Workload.python;
import static io.evaljob.operator.testbed.node.Workload.shell;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Pods that serve others and talk to the API server, and a node that outlives a restart of it. */
@RealCluster(ours = true)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LocalServiceTest {

  /** Answers with its pod's name; as well as it is told by files in its working folder. */
  private static final String SERVER =
      """
      import http.server, os, pathlib
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              good = self.path == '/' or pathlib.Path(self.path[1:]).exists()
              self.send_response(200 if good else 503)
              self.end_headers()
              self.wfile.write(os.environ['POD_NAME'].encode())
      pathlib.Path('alive').touch()
      print(os.getcwd(), flush=True)
      http.server.ThreadingHTTPServer((os.environ['POD_IP'], 8080), Handler).serve_forever()
      """;

  private final ControlPlane cluster;
  private final KubernetesClient client;
  private String namespace;
  private LocalNode node;

  LocalServiceTest(ControlPlane cluster) {
    this.cluster = cluster;
    this.client = cluster.admin();
  }

  @BeforeAll
  void start(@TempDir Path folder) {
    node = LocalNode.start(client, NodeDescription.of("serving-machine", folder));
  }

  @AfterAll
  void close() {
    node.close();
  }

  @BeforeEach
  void namespace() {
    namespace = cluster.namespace("service");
  }

  @Test
  void readyPodsShareThePortsOfTheirService() throws IOException {
    for (String name : Set.of("one", "two")) {
      Pod pod = pod(namespace, name, serving(), spec -> spec);
      pod.getMetadata().getLabels().put("role", "server");
      client.resource(pod).create();
    }
    client
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("served")
                .endMetadata()
                .withNewSpec()
                .addToSelector("role", "server")
                .addNewPort()
                .withPort(80)
                .withTargetPort(new IntOrString("http"))
                .endPort()
                .endSpec()
                .build())
        .create();
    try (ServiceProxy proxy = ServiceProxy.start(client, namespace, "served")) {
      Pod one = until("one", LocalServiceTest::runs);
      until("two", LocalServiceTest::runs);
      assertThat(isReady(one)).isFalse();
      mark("one", "ready");
      until("one", LocalServiceTest::isReady);
      await().until(() -> answers(proxy, 4).equals(Set.of("one")));
      mark("two", "ready");
      until("two", LocalServiceTest::isReady);
      await().until(() -> answers(proxy, 4).equals(Set.of("one", "two")));
      client.resource(one).delete();
      await().until(() -> answers(proxy, 4).equals(Set.of("two")));
    }
  }

  @Test
  void aContainerThatIsNotAliveIsRestarted() throws IOException {
    client
        .resource(
            pod(
                namespace,
                "dying",
                new ContainerBuilder(serving()).withLivenessProbe(probe("/alive")).build(),
                spec -> spec.withRestartPolicy("Always")))
        .create();
    until("dying", LocalServiceTest::runs);
    await().until(() -> !node.log(namespace, "dying").isEmpty());
    Files.delete(folder("dying").resolve("alive"));
    Pod again =
        until(
            "dying",
            pod ->
                runs(pod) && pod.getStatus().getContainerStatuses().get(0).getRestartCount() == 1);
    assertThat(again.getStatus().getContainerStatuses().get(0).getLastState().getTerminated())
        .satisfies(end -> assertThat(end.getExitCode()).isEqualTo(143));
  }

  @Test
  void aPodReachesTheApiServerAsItsAccount() {
    String ask =
        """
        import os, ssl, urllib.error, urllib.request
        account = os.environ['ACCOUNT']
        url = 'https://%s:%s/api/v1/secrets' % (
            os.environ['KUBERNETES_SERVICE_HOST'], os.environ['KUBERNETES_SERVICE_PORT'])
        token = open(account + '/token').read()
        request = urllib.request.Request(url, headers={'Authorization': 'Bearer ' + token})
        context = ssl.create_default_context(cafile=account + '/ca.crt')
        try:
            urllib.request.urlopen(request, context=context)
        except urllib.error.HTTPError as e:
            print(e.code, e.read().decode())
        print('namespace', open(account + '/namespace').read())
        """;
    client
        .resource(
            pod(
                namespace,
                "asks",
                new ContainerBuilder(python(ask))
                    .addNewEnv()
                    .withName("ACCOUNT")
                    .withValue("/var/run/secrets/kubernetes.io/serviceaccount")
                    .endEnv()
                    .build(),
                spec -> spec))
        .create();
    until("asks", pod -> "Succeeded".equals(pod.getStatus().getPhase()));
    assertThat(node.log(namespace, "asks"))
        .startsWith("403")
        .contains("system:serviceaccount:" + namespace + ":default")
        .contains("namespace " + namespace + "\n");
  }

  @Test
  void aPodRunsOnAndEndsWhileTheApiServerIsAway() throws IOException {
    client
        .resource(
            pod(
                namespace,
                "through",
                shell("pwd; until [ -e go ]; do sleep 0.1; done; echo gone > $TERMINATION"),
                spec -> spec))
        .create();
    until("through", LocalServiceTest::runs);
    await().until(() -> !node.log(namespace, "through").isEmpty());
    long process = node.process(get("through")).orElseThrow();
    cluster.processes().stopApiServer();
    try {
      mark("through", "go");
      await().until(() -> !isAlive(process));
    } finally {
      cluster.processes().startApiServer();
    }
    Pod ended = until("through", pod -> "Succeeded".equals(pod.getStatus().getPhase()));
    assertThat(
            ended.getStatus().getContainerStatuses().get(0).getState().getTerminated().getMessage())
        .isEqualTo("gone\n");
    ZonedDateTime beaten = beat();
    await().until(() -> beat().isAfter(beaten));
  }

  private static boolean isAlive(long process) {
    return ProcessHandle.of(process).map(ProcessHandle::isAlive).orElse(false);
  }

  private ZonedDateTime beat() {
    return client
        .leases()
        .inNamespace("kube-node-lease")
        .withName("serving-machine")
        .get()
        .getSpec()
        .getRenewTime();
  }

  private static Container serving() {
    return new ContainerBuilder(python(SERVER))
        .addToEnv(field("POD_IP", "status.podIP"), field("POD_NAME", "metadata.name"))
        .addNewPort()
        .withName("http")
        .withContainerPort(8080)
        .endPort()
        .withReadinessProbe(probe("/ready"))
        .build();
  }

  private static EnvVar field(String name, String path) {
    return new EnvVarBuilder()
        .withName(name)
        .withNewValueFrom()
        .withNewFieldRef("v1", path)
        .endValueFrom()
        .build();
  }

  private static Probe probe(String path) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath(path)
        .withPort(new IntOrString("http"))
        .endHttpGet()
        .withPeriodSeconds(1)
        .build();
  }

  /** The working folder of a pod that has printed it. */
  private Path folder(String name) {
    return Path.of(node.log(namespace, name).lines().findFirst().orElseThrow());
  }

  private void mark(String name, String file) throws IOException {
    await().until(() -> !node.log(namespace, name).isEmpty());
    Files.createFile(folder(name).resolve(file));
  }

  private static Set<String> answers(ServiceProxy proxy, int count) {
    Set<String> answers = new TreeSet<>();
    for (int i = 0; i < count; i++) {
      try {
        URLConnection connection =
            URI.create("http://127.0.0.1:" + proxy.port() + "/").toURL().openConnection();
        connection.setRequestProperty("Connection", "close");
        try (InputStream in = connection.getInputStream()) {
          answers.add(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
      } catch (IOException e) {
        answers.add("none");
      }
    }
    return answers;
  }

  private Pod get(String name) {
    return client.pods().inNamespace(namespace).withName(name).get();
  }

  private Pod until(String name, Predicate<Pod> holds) {
    return await().until(() -> get(name), pod -> pod != null && holds.test(pod));
  }

  private static boolean runs(Pod pod) {
    return !pod.getStatus().getContainerStatuses().isEmpty()
        && pod.getStatus().getContainerStatuses().get(0).getState().getRunning() != null;
  }

  private static boolean isReady(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }
}

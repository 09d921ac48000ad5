package io.evaljob.operator.testbed.rights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.report.ReportAuthority;
import io.evaljob.operator.report.ReportServer;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who may report, with tokens that the API server makes and reviews. */
@RealCluster
class ReportRefusalsTest {

  private static final String AUDIENCE = "evaljob-report";
  private static final String SPEC =
      "models: [{name: base, devicesPerProcess: 1}]\ndatasets: [{name: MMStar}]\n";

  private static KubernetesClient admin;
  private static Author author;
  private static String runtime;
  private static KubernetesClient operatorClient;
  private static EvalJobOperator operator;
  private static ReportServer server;
  private static SSLContext trusting;
  private static HttpClient http;
  private static Pod pod;

  @BeforeAll
  static void start(ControlPlane cluster) throws Exception {
    cluster.installOperator();
    admin = cluster.admin();
    String namespace = cluster.namespace("report");
    author = Author.with(cluster, namespace, "edit", "author");
    runtime = "report-" + namespace;
    admin
        .resource(
            """
            apiVersion: evaljob.io/v1alpha1
            kind: EvalRuntime
            metadata: {name: RUNTIME}
            spec:
              harness: VLMEvalKit
              vlmevalkit: {dialect: StatusFile}
              image: registry.example/vlmevalkit:1
              allow: {namespaceSelector: {}}
            """
                .replace("RUNTIME", runtime))
        .create();
    operatorClient = cluster.operatorClient(Map.of());
    ReportAuthority authority =
        ReportAuthority.open(
            operatorClient,
            OperatorConfig.defaults().withReportUrl(URI.create("https://127.0.0.1")),
            Clock.systemUTC());
    server =
        ReportServer.open(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            authority,
            operatorClient,
            Clock.systemUTC(),
            Duration.ofSeconds(2),
            new SimpleMeterRegistry());
    operator = Author.operator(operatorClient, namespace);
    server.serve(operator.reportSink());
    trusting = trusting(authority.bundle());
    http = HttpClient.newBuilder().sslContext(trusting).build();
    pod = podOf("reporting");
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
    operator.close();
    operatorClient.close();
    author.close();
  }

  private static SSLContext trusting(String bundle) throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    int number = 0;
    for (Certificate certificate :
        CertificateFactory.getInstance("X.509")
            .generateCertificates(
                new ByteArrayInputStream(bundle.getBytes(StandardCharsets.US_ASCII)))) {
      trusted.setCertificateEntry("ca-" + number++, certificate);
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  /** The pod that the Job controller makes for a new EvalJob; no node runs it. */
  private static Pod podOf(String name) {
    author.submit(name, runtime, SPEC);
    author.awaitJob(
        name, status -> status.models().stream().anyMatch(m -> m.jobUIDIfSet().isPresent()));
    return await("the pod of " + name)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () ->
                admin
                    .pods()
                    .inNamespace(author.namespace())
                    .withLabel(Labels.JOB, name)
                    .list()
                    .getItems(),
            found -> !found.isEmpty())
        .get(0);
  }

  /** A token as a kubelet gets it for a pod. */
  private static String token(Pod bound, String audience) {
    return admin
        .serviceAccounts()
        .inNamespace(bound.getMetadata().getNamespace())
        .withName(bound.getSpec().getServiceAccountName())
        .tokenRequest(
            new TokenRequestBuilder()
                .withNewSpec()
                .withAudiences(audience)
                .withExpirationSeconds(3600L)
                .withNewBoundObjectRef()
                .withApiVersion("v1")
                .withKind("Pod")
                .withName(bound.getMetadata().getName())
                .withUid(bound.getMetadata().getUid())
                .endBoundObjectRef()
                .endSpec()
                .build())
        .getStatus()
        .getToken();
  }

  private static String body(Pod sender, long sequence) {
    return "{\"schemaVersion\":\"1\",\"podUID\":\""
        + sender.getMetadata().getUid()
        + "\",\"stage\":\"Prefetch\",\"attempt\":1,\"final\":false,\"sequence\":"
        + sequence
        + ",\"progress\":{\"samplesDone\":0,\"samplesTotal\":0,\"datasetsDone\":0,"
        + "\"datasetsTotal\":1}}";
  }

  private static String post(String token, String body) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + "/v1/report"))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    return answer.statusCode() + " " + answer.body();
  }

  @Test
  void thePodItselfIsHeard() throws Exception {
    Pod heard = podOf("heard");
    String token = token(heard, AUDIENCE);
    await().untilAsserted(() -> assertThat(post(token, body(heard, 1))).startsWith("202"));
    assertThat(post(token, body(heard, 1))).startsWith("409").contains("sequence");
  }

  @Test
  void aTokenForTheApiServerIsRefused() throws Exception {
    assertThat(post(token(pod, "https://kubernetes.default.svc"), body(pod, 1)))
        .startsWith("401")
        .contains("not valid, or not for evaljob-report");
  }

  @Test
  void aTokenThatIsBoundToNoPodIsRefused() throws Exception {
    String token =
        admin
            .serviceAccounts()
            .inNamespace(author.namespace())
            .withName("default")
            .tokenRequest(
                new TokenRequestBuilder().withNewSpec().withAudiences(AUDIENCE).endSpec().build())
            .getStatus()
            .getToken();
    assertThat(post(token, body(pod, 1))).startsWith("401").contains("not bound to a pod");
  }

  @Test
  void aPodOfAnotherJobSpeaksForItselfAlone() throws Exception {
    Pod other = podOf("other");
    assertThat(post(token(other, AUDIENCE), body(pod, 100)))
        .startsWith("403")
        .contains("podUID is not the pod that the token is bound to");
    assertThat(post(token(other, AUDIENCE), body(other, 1).replace("Prefetch", "Score")))
        .startsWith("403");
  }

  @Test
  void aPodOfNoJobIsRefused() throws Exception {
    Pod stranger = create("stranger", Map.of());
    assertThat(post(token(stranger, AUDIENCE), body(stranger, 1)))
        .startsWith("503")
        .contains("not known here as one of an EvalJob");
  }

  @Test
  void aPodWithOurLabelsAndNoJobIsNotHeard() throws Exception {
    Map<String, String> labels = new HashMap<>(pod.getMetadata().getLabels());
    // With these the Job controller would take it for the Job's, one too many, and end one of them.
    labels.keySet().removeIf(key -> key.contains("controller-uid") || key.contains("job-name"));
    Pod forged = create("forged", labels);
    assertThat(post(token(forged, AUDIENCE), body(forged, 1)))
        .startsWith("503")
        .contains("not known here as one of an EvalJob");
  }

  private static Pod create(String name, Map<String, String> labels) {
    Pod created =
        new PodBuilder(
                Serialization.unmarshal(
                    """
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: NAME}
                    spec:
                      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
                      containers:
                      - name: evaluator
                        image: evil:1
                        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                    """
                        .replace("NAME", name),
                    Pod.class))
            .editMetadata()
            .withNamespace(author.namespace())
            .withLabels(labels)
            .endMetadata()
            .build();
    return author.client().resource(created).create();
  }

  @Test
  void aPodThatIsGoneIsNotHeard() throws Exception {
    Pod gone = podOf("gone");
    String token = token(gone, AUDIENCE);
    admin.resource(gone).withGracePeriod(0).delete();
    await()
        .until(
            () -> {
              Pod found = admin.resource(gone).get();
              return found == null
                  || !found.getMetadata().getUid().equals(gone.getMetadata().getUid());
            });
    // The API server remembers for some seconds that a token was good.
    await()
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () -> assertThat(post(token, body(gone, 1))).startsWith("401").contains("not valid"));
  }

  @Test
  void aBodyThatIsTooLargeIsNotRead() throws Exception {
    assertThat(post(token(pod, AUDIENCE), "{\"x\":\"" + "y".repeat(70_000) + "\"}"))
        .startsWith("413");
  }

  @Test
  void aClientThatIsTooSlowIsCutOff() throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            trusting
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), server.port())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          ("POST /v1/report HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                  + "Content-Length: 1000\r\nAuthorization: Bearer "
                  + token(pod, AUDIENCE)
                  + "\r\n\r\n{")
              .getBytes(StandardCharsets.US_ASCII));
      out.flush();
      socket.setSoTimeout(30_000);
      // Meanwhile everybody else is served.
      assertThat(post(token(pod, AUDIENCE), body(pod, 1000))).startsWith("202");
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer)
          .satisfiesAnyOf(
              text -> assertThat(text).isEmpty(), text -> assertThat(text).contains("408"));
    }
  }
}

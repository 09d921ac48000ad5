package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.cli.ShippedOperator;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.report.ReportAuthority;
import io.evaljob.operator.resources.Names;
import io.evaljob.operator.testbed.Checkout;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/**
 * The rights that {@code deploy/} grants are those that the operator uses, by the API server's own
 * account of it. Runs after all other classes, and judges what they needed, too.
 */
@Order(Integer.MAX_VALUE)
@RealCluster(ours = true)
class RightsUsedTest extends ScenarioBase {

  /** An admission plugin asks for it, which no audit shows; the second test does. */
  private static final String FINALIZERS = "update evaljobs.evaljob.io/finalizers";

  private final ControlPlane plane;

  RightsUsedTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }

  @Test
  void whatIsGrantedIsUsedAndNothingIsMissing() throws Exception {
    useEverything();
    waitInAQueue();
    keepAnAuthorityAndALease();

    List<AuditLog.Request> requests =
        AuditLog.requests(0, plane).stream()
            .filter(request -> request.userAgent().startsWith("evaljob-operator/"))
            .toList();
    Set<String> used = new TreeSet<>();
    Set<String> refused = new TreeSet<>();
    requests.forEach(request -> (request.allowed() ? used : refused).add(request.what()));
    // An API server that has just started does not know its roles yet.
    refused.removeAll(used);
    assertThat(refused).as("rights that are missing").isEmpty();
    Set<String> granted = granted();
    assertThat(granted.remove(FINALIZERS)).isTrue();
    assertThat(used).as("what is used is what is granted").isEqualTo(granted);
  }

  /** Every kind of request that a run, its repetition and its obstacles lead to. */
  private void useEverything() {
    AtomicBoolean second = new AtomicBoolean();
    givenRuntime();
    givenAnOlderRunner();
    givenQuota("all", 2);
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && !second.get() ? new Ending.RunsOn() : succeeds(model));
    EvalJob job = applied(job("all", "base"));
    String uid = job.getMetadata().getUid();
    List<HasMetadata> inTheWay =
        List.of(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(Names.runner(RUNNER))
                .withNamespace(namespace())
                .endMetadata()
                .build(),
            Samples.strangersClaim(namespace(), Names.workspace("all", uid, "base", false)),
            Samples.strangersJob(
                namespace(), Names.stage("all", uid, 1, "base", Stage.Prefetch, 1)));
    inTheWay.forEach(this::apply);
    RequestTap tap = startOperator();
    for (HasMetadata obstacle : inTheWay) {
      awaitJob(
          "all",
          status ->
              status
                  .waitingIfSet()
                  .filter(why -> why.message().contains(obstacle.getMetadata().getName()))
                  .isPresent());
      cluster().client().resource(obstacle).delete();
    }
    awaitJob(
        "all", status -> status.summary() != null && status.summary().devices().startsWith("2/"));
    second.set(true);
    edit("all", "runID", "2");
    awaitPhase("all", "Succeeded");
    awaitQuota("all", status -> status.reservations().isEmpty());
    edit("all", "ttlSecondsAfterFinished", 0);
    await().until(() -> read("all") == null);
    // Older runners are swept once the end is told.
    await().until(() -> tap.kindsOfWrites().contains("DELETE configmaps"));
    stopOperator();
  }

  private void waitInAQueue() {
    cluster().serveWorkloads();
    startOperator();
    apply(Samples.edited(job("queued", "base"), "queueName", "team"));
    awaitWaiting("queued", "Kueue");
    stopOperator();
  }

  private void keepAnAuthorityAndALease() throws Exception {
    KubernetesClient admin = plane.admin();
    String namespace = ControlPlane.OPERATOR_NAMESPACE;
    admin.leases().inNamespace(namespace).withName("evaljob-operator").delete();
    admin.secrets().inNamespace(namespace).withName("evaljob-report-ca").delete();
    try (ShippedOperator operator = ShippedOperator.start(plane)) {
      await().until(operator::leads);
      assertThat(report(operator.reportPort())).isIn(401, 403);
    }
    try (KubernetesClient client = plane.operatorClient(Map.of())) {
      Clock inAYear = Clock.offset(Clock.systemUTC(), Duration.ofDays(400));
      assertThat(ReportAuthority.open(client, OperatorConfig.defaults(), inAYear).bundle())
          .isNotEmpty();
    } finally {
      admin.leases().inNamespace(namespace).withName("evaljob-operator").delete();
      admin.secrets().inNamespace(namespace).withName("evaljob-report-ca").delete();
    }
  }

  /** Whoever sends a report, the operator asks the API server who it is. */
  private static int report(int port) throws Exception {
    return HttpClient.newBuilder()
        .sslContext(trustingAnyone())
        .build()
        .send(
            HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + "/v1/report"))
                .header("Authorization", "Bearer nobody")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build(),
            HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  @Test
  void theRightToFinalizersIsNeededWhereOwnersAreGuarded() {
    String namespace = namespace();
    String name = "without-finalizers-" + namespace;
    apply(
        new ServiceAccountBuilder()
            .withNewMetadata()
            .withName("without")
            .withNamespace(namespace)
            .endMetadata()
            .build());
    apply(
        new ClusterRoleBuilder()
            .withNewMetadata()
            .withName(name)
            .endMetadata()
            .addNewRule()
            .withApiGroups("")
            .withResources("configmaps")
            .withVerbs("create")
            .endRule()
            .build());
    apply(
        new ClusterRoleBindingBuilder()
            .withNewMetadata()
            .withName(name)
            .endMetadata()
            .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", name)
            .addNewSubject()
            .withKind("ServiceAccount")
            .withName("without")
            .withNamespace(namespace)
            .endSubject()
            .build());
    EvalJob owner = applied(job("owner", "base"));
    try (KubernetesClient without = plane.clientOf(namespace, "without", "without", Map.of());
        KubernetesClient operator = plane.operatorClient(Map.of())) {
      assertThatThrownBy(() -> without.resource(childOf(owner)).create())
          .isInstanceOf(KubernetesClientException.class)
          .hasMessageContaining("cannot set blockOwnerDeletion");
      operator.resource(childOf(owner)).create();
    }
  }

  private HasMetadata childOf(EvalJob owner) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName("child")
        .withNamespace(namespace())
        .addNewOwnerReference()
        .withApiVersion(owner.getApiVersion())
        .withKind(owner.getKind())
        .withName(owner.getMetadata().getName())
        .withUid(owner.getMetadata().getUid())
        .withController(true)
        .withBlockOwnerDeletion(true)
        .endOwnerReference()
        .endMetadata()
        .build();
  }

  /** The rules of the shipped roles, one entry a verb and resource. */
  private Set<String> granted() throws IOException {
    Set<String> granted = new TreeSet<>();
    for (HasMetadata object : shipped()) {
      if (object instanceof ClusterRole role) {
        role.getRules().forEach(rule -> add(rule, granted));
      } else if (object instanceof Role role) {
        role.getRules().forEach(rule -> add(rule, granted));
      }
    }
    return granted;
  }

  private static void add(PolicyRule rule, Set<String> granted) {
    for (String group : rule.getApiGroups()) {
      for (String resource : rule.getResources()) {
        // As the audit log has it: the group goes before the subresource.
        int slash = resource.indexOf('/');
        String kind = slash < 0 ? resource : resource.substring(0, slash);
        String part = slash < 0 ? "" : resource.substring(slash);
        String whole = kind + (group.isEmpty() ? "" : "." + group) + part;
        rule.getVerbs().forEach(verb -> granted.add(verb + " " + whole));
      }
    }
  }

  private List<HasMetadata> shipped() throws IOException {
    List<HasMetadata> all = new ArrayList<>();
    for (String file :
        List.of("02-cluster-role-watched.yaml", "03-cluster-role-produced.yaml", "04-role.yaml")) {
      Path path = Checkout.root().resolve("deploy").resolve(file);
      try (InputStream in = Files.newInputStream(path)) {
        all.addAll(plane.admin().load(in).items());
      }
    }
    return all;
  }

  private static SSLContext trustingAnyone() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        null,
        new TrustManager[] {
          new X509ExtendedTrustManager() {
            @Override
            public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

            @Override
            public void checkClientTrusted(
                X509Certificate[] chain, String type, SSLEngine engine) {}

            @Override
            public void checkServerTrusted(
                X509Certificate[] chain, String type, SSLEngine engine) {}

            @Override
            public void checkClientTrusted(X509Certificate[] chain, String type) {}

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String type) {}

            @Override
            public X509Certificate[] getAcceptedIssuers() {
              return new X509Certificate[0];
            }
          }
        },
        null);
    return context;
  }
}

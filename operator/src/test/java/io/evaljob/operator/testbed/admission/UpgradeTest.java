package io.evaljob.operator.testbed.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.ScoringMode;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Objects stay what they are when their definition is replaced, by a newer one and back. */
@RealCluster(ours = true)
class UpgradeTest {

  private static final String EARLIER = "operator/src/test/resources/upgrade/earlier";
  private static ControlPlane cluster;
  private static KubernetesClient admin;

  @BeforeAll
  static void install(ControlPlane plane) {
    cluster = plane;
    admin = plane.admin();
    cluster.installOperator();
  }

  @AfterAll
  static void restore() {
    current();
  }

  /** Applies the definitions of this checkout, as {@code kubectl apply -k deploy} does. */
  private static void current() {
    cluster.kubectl().run("apply", "-k", "crds");
    awaitRule("tolerations: [{effect: NoSchedule}]", false);
  }

  private static void earlier() {
    cluster.kubectl().run("apply", "-f", EARLIER);
    awaitRule("tolerations: [{effect: NoSchedule}]", true);
  }

  /** Definitions come into force some time after they are applied. */
  private static void awaitRule(String placement, boolean accepted) {
    ObjectNode probe = object("probe", "placement: {" + placement + "}");
    await()
        .pollInterval(Duration.ofMillis(50))
        .until(() -> Admitted.dryCreate(admin, "default", probe).accepted() == accepted);
  }

  private static ObjectNode object(String name, String more) {
    return Serialization.unmarshal(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalJob
        metadata: {name: NAME}
        spec:
          runtimeRef: {name: nowhere}
          models: [{name: base}]
          datasets: [{name: MMStar}]
        """
                .replace("NAME", name)
            + more.indent(2),
        ObjectNode.class);
  }

  private static final String FINISHED =
      """
      {"observedGeneration": 1, "phase": "Succeeded",
       "run": {"id": "1", "number": 1, "specHash": "7c9e6679"},
       "conditions": [{"type": "Finished", "status": "True", "reason": "Succeeded", "message": "",
                       "observedGeneration": 1, "lastTransitionTime": "2026-11-23T15:00:00Z"}],
       "results": [{"model": "base", "dataset": "MMStar", "phase": "Succeeded", "score": "0.5"}]}
      """;

  private static void store(String namespace, ObjectNode object, String status) throws Exception {
    Admitted stored = Admitted.create(admin, namespace, object);
    assertThat(stored.message()).isEmpty();
    if (!status.isEmpty()) {
      ObjectNode next = stored.object();
      next.set("status", Admitted.JSON.readTree(status));
      assertThat(Admitted.update(admin, namespace, next, "/status", false).message()).isEmpty();
    }
  }

  private static EvalJob read(String namespace, String name) {
    return admin.resources(EvalJob.class).inNamespace(namespace).withName(name).get();
  }

  private static EvalJob awaitJob(String namespace, String name, Predicate<EvalJob> wanted) {
    return await(name)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> read(namespace, name), job -> job.getStatus() != null && wanted.test(job));
  }

  private static boolean has(EvalJob job, String type, String status) {
    return job.getStatus().conditions().stream()
        .anyMatch(one -> one.type().equals(type) && one.status().equals(status));
  }

  private static Condition accepted(EvalJob job) {
    return job.getStatus().conditions().stream()
        .filter(one -> one.type().equals("Accepted"))
        .findFirst()
        .orElseThrow();
  }

  private interface Checks {
    void run() throws Exception;
  }

  /** An operator of this version for a namespace, with the rights that are shipped. */
  private static void withOperator(String namespace, Checks checks) throws Exception {
    try (KubernetesClient client = cluster.operatorClient(Map.of());
        EvalJobOperator operator =
            EvalJobOperator.start(
                client,
                OperatorConfig.fromEnvironment(Map.of("EVALJOB_WATCH_NAMESPACES", namespace)),
                Clock.systemUTC(),
                new DeviceContext.RequestedInPod(),
                () -> "")) {
      assertThat(operator.ready()).isTrue();
      checks.run();
    }
  }

  @Test
  void objectsOfAnEarlierDefinitionAreReadServedAndEdited() throws Exception {
    String namespace = cluster.namespace("upgrade");
    earlier();
    store(namespace, object("finished", "placement: {nodeSelector: {pool: a b}}"), FINISHED);
    store(namespace, object("waiting", ""), "");
    // Valid then, refused today.
    store(namespace, object("loose", "placement: {tolerations: [{effect: NoSchedule}]}"), "");
    ObjectNode escaping = object("escaping", "");
    ((ObjectNode) escaping.at("/spec/models/0"))
        .putObject("hub")
        .put("id", "org/a")
        .put("revision", "a/../../models--org--b/refs/main");
    store(namespace, escaping, "");

    current();

    assertThat(admin.resources(EvalJob.class).inNamespace(namespace).list().getItems()).hasSize(4);
    String finished = read(namespace, "finished").getMetadata().getResourceVersion();
    withOperator(
        namespace,
        () -> {
          awaitJob(namespace, "waiting", job -> has(job, "Accepted", "False"));
          EvalJob loose = awaitJob(namespace, "loose", job -> has(job, "Accepted", "False"));
          assertThat(accepted(loose).reason()).isEqualTo("RuntimeNotFound");
          EvalJob refused = awaitJob(namespace, "escaping", job -> has(job, "Accepted", "False"));
          assertThat(accepted(refused).message())
              .contains("spec.models[base].hub.revision", "write a commit, tag or branch");
          assertThat(read(namespace, "finished").getMetadata().getResourceVersion())
              .as("what has finished is left alone")
              .isEqualTo(finished);
        });

    cluster.kubectl().run("label", "ej", "-n", namespace, "--all", "team=vlm");
    cluster
        .kubectl()
        .run(
            "patch",
            "ej",
            "loose",
            "-n",
            namespace,
            "--type=merge",
            "-p",
            "{\"spec\":{\"retryLimit\":1}}");
    assertThat(
            cluster
                .kubectl()
                .ask(
                    "patch",
                    "ej",
                    "loose",
                    "-n",
                    namespace,
                    "--type=merge",
                    "-p",
                    "{\"spec\":{\"placement\":{\"tolerations\":[{\"effect\":\"NoExecute\"}]}}}")
                .errors())
        .as("what is edited must hold to the new rules")
        .contains("a toleration names no key");
    assertThat(cluster.kubectl().run("get", "ej", "-n", namespace, "-o", "name").lines())
        .hasSize(4);
  }

  @Test
  void objectsOfANewerDefinitionAreReadAndNotMisunderstood() throws Exception {
    String namespace = cluster.namespace("rollback");
    JsonNode definition = Crds.definition("evaljobs").deepCopy();
    JsonNode spec =
        definition.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties");
    ((ArrayNode) spec.at("/scoring/properties/mode/enum")).add("Panel");
    ((ObjectNode) spec).putObject("hibernate").put("type", "boolean");
    JsonNode status =
        definition.at("/spec/versions/0/schema/openAPIV3Schema/properties/status/properties");
    ((ObjectNode) status).putObject("quota").put("type", "string").put("maxLength", 64);
    assertThat(cluster.kubectl().askWith(definition.toString(), "apply", "-f", "-").errors())
        .isEmpty();
    ObjectNode probe = object("probe", "hibernate: true");
    await().until(() -> Admitted.dryCreate(admin, "default", probe).accepted());
    store(namespace, object("newer", "scoring: {mode: Panel}\nhibernate: true"), "");
    store(
        namespace,
        object("newer-finished", "scoring: {mode: Panel}"),
        FINISHED.replaceFirst("\\{", "{\"quota\": \"held\", "));

    cluster.kubectl().run("apply", "-k", "crds");
    await().until(() -> !Admitted.dryCreate(admin, "default", probe).accepted());

    assertThat(read(namespace, "newer").getSpec().scoring().mode()).isEqualTo(ScoringMode.Unknown);
    String finished = read(namespace, "newer-finished").getMetadata().getResourceVersion();
    withOperator(
        namespace,
        () -> {
          EvalJob refused = awaitJob(namespace, "newer", job -> has(job, "Accepted", "False"));
          assertThat(accepted(refused).message())
              .contains(
                  "spec.scoring.mode is not a word that this operator knows",
                  "run the newer operator");
          assertThat(read(namespace, "newer-finished").getMetadata().getResourceVersion())
              .isEqualTo(finished);
        });
    assertThat(admin.resources(EvalJob.class).inNamespace(namespace).list().getItems()).hasSize(2);
  }
}

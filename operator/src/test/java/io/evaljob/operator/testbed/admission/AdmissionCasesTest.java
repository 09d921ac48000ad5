package io.evaljob.operator.testbed.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.schema.SchemaCheck;
import io.evaljob.operator.schema.SchemaDefaults;
import io.evaljob.operator.schema.SchemaProblem;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.evaljob.operator.validate.Immutability;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The cases of the test resources {@code admission}, judged by the API server and by us. */
@RealCluster
class AdmissionCasesTest {

  private static KubernetesClient client;
  private static String namespace;

  @BeforeAll
  static void install(ControlPlane cluster) {
    cluster.installOperator();
    client = cluster.admin();
    namespace = cluster.namespace("admission");
  }

  @TestFactory
  Stream<DynamicTest> everyCaseIsJudgedAsItSays() {
    return Stream.of("evaljob", "evalquota", "evalruntime", "modelprofile")
        .flatMap(
            folder ->
                CaseFile.all(folder).stream()
                    .map(
                        one ->
                            DynamicTest.dynamicTest(folder + "/" + one.name(), () -> judge(one))));
  }

  private static void judge(CaseFile one) {
    if (one.valid()) {
      accepted(one.object());
      return;
    }
    Admitted refused = Admitted.dryCreate(client, namespace, one.object());
    assertThat(refused.message()).as("the API server").contains(one.expect());
    assertThat(refused.causes()).as("one reason only").hasSizeLessThanOrEqualTo(1);
    assertThat(ours(one.object())).as("our own check").isNotEmpty();
    accepted(one.corrected());
  }

  private static void accepted(ObjectNode object) {
    assertThat(Admitted.dryCreate(client, namespace, object).message())
        .as("the API server on %s", object)
        .isEmpty();
    assertThat(ours(object)).as("our own check").isEmpty();
  }

  /** What the check of {@code evaljob validate} and of the one-machine mode says. */
  static List<String> ours(ObjectNode object) {
    return SchemaCheck.check(SchemaDefaults.apply(object.deepCopy())).stream()
        .map(SchemaProblem::message)
        .toList();
  }

  @Test
  void everyRuleHasACase() {
    List<String> expected = new ArrayList<>();
    for (String folder : List.of("evaljob", "evalquota", "evalruntime", "modelprofile", "update")) {
      CaseFile.all(folder).forEach(one -> expected.add(one.expect()));
    }
    for (String plural : Crds.FILES) {
      assertThat(Crds.messages(plural))
          .allSatisfy(
              message ->
                  assertThat(expected)
                      .as("an invalid case that expects: %s", message)
                      .anyMatch(text -> !text.isEmpty() && message.contains(text)));
    }
  }

  @TestFactory
  Stream<DynamicTest> aRunThatHasStartedKeepsWhatDefinesIt() {
    ObjectNode before = started(CaseFile.of("update/before.yaml").object());
    return CaseFile.all("update").stream()
        .map(
            change ->
                DynamicTest.dynamicTest(
                    change.name(),
                    () ->
                        judgeUpdate(
                            before,
                            (ObjectNode) CaseFile.merge(before, change.object()),
                            change.expect())));
  }

  @TestFactory
  Stream<DynamicTest> aRunThatHasStartedGainsNothingThatDefinesIt() {
    ObjectNode whole = CaseFile.of("update/before.yaml").object();
    ObjectNode bare = CaseFile.of("evaljob/valid-minimal.yaml").object();
    ((ObjectNode) bare.get("metadata")).put("name", "bare");
    bare.set("status", whole.get("status").deepCopy());
    ObjectNode before = started(bare);
    List<String> operational =
        List.of(
            "suspend",
            "priorityClassName",
            "retryLimit",
            "disruptionLimit",
            "startDeadlineSeconds",
            "podStartDeadlineSeconds",
            "activeDeadlineSeconds",
            "ttlSecondsAfterFinished",
            "maxConcurrentModels",
            "stallSeconds",
            "queueName",
            "resources",
            "placement");
    return whole.get("spec").properties().stream()
        .filter(field -> !List.of("runID", "models", "datasets").contains(field.getKey()))
        .map(
            field ->
                DynamicTest.dynamicTest(
                    field.getKey(),
                    () -> {
                      ObjectNode after = before.deepCopy();
                      ((ObjectNode) after.get("spec")).set(field.getKey(), field.getValue());
                      judgeUpdate(
                          before,
                          after,
                          operational.contains(field.getKey())
                              ? ""
                              : "spec defines a run that has started");
                    }));
  }

  @Test
  void aRunThatHasNotStartedIsFreeToChange() {
    ObjectNode object = CaseFile.of("evaljob/valid-minimal.yaml").object();
    ((ObjectNode) object.get("metadata")).put("name", "waiting");
    Admitted stored = Admitted.create(client, namespace, object);
    ObjectNode after = stored.object();
    ((ObjectNode) after.at("/spec/datasets/0")).put("name", "other");
    assertThat(Admitted.update(client, namespace, after, "", true).message()).isEmpty();
  }

  private static ObjectNode started(ObjectNode object) {
    Admitted stored = Admitted.create(client, namespace, object);
    assertThat(stored.message()).isEmpty();
    assertThat(stored.object().at("/status/run").isMissingNode())
        .as("an author writes no status")
        .isTrue();
    ObjectNode next = stored.object();
    next.set("status", object.get("status"));
    Admitted running = Admitted.update(client, namespace, next, "/status", false);
    assertThat(running.message()).isEmpty();
    return running.object();
  }

  private static void judgeUpdate(ObjectNode before, ObjectNode after, String expect) {
    Admitted answer = Admitted.update(client, namespace, after, "", true);
    List<String> ours =
        Immutability.check(evalJob(before), evalJob(after)).stream()
            .map(refusal -> refusal.message())
            .toList();
    if (expect.isEmpty()) {
      assertThat(answer.message()).isEmpty();
      assertThat(ours).isEmpty();
    } else {
      assertThat(answer.message()).contains(expect);
      assertThat(answer.causes()).hasSize(1);
      assertThat(ours).hasSize(1);
    }
  }

  private static EvalJob evalJob(JsonNode object) {
    return Admitted.JSON.convertValue(object, EvalJob.class);
  }
}

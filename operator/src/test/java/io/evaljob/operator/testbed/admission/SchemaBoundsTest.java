package io.evaljob.operator.testbed.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.evaljob.operator.testbed.admission.Mutations.Mutation;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every bound, type, pattern and enumeration of the schemas, on the API server and by us. */
@RealCluster
class SchemaBoundsTest {

  private static KubernetesClient client;
  private static String namespace;

  @BeforeAll
  static void install(ControlPlane cluster) {
    cluster.installOperator();
    client = cluster.admin();
    namespace = cluster.namespace("bounds");
  }

  @ParameterizedTest
  @CsvSource({
    "evaljobs, evaljob",
    "evalquotas, evalquota",
    "evalruntimes, evalruntime",
    "modelprofiles, modelprofile",
  })
  void whatIsOutOfBoundsIsRefusedByTheServerAndByUs(String plural, String folder) {
    ObjectNode whole = CaseFile.of(folder + "/valid-everything.yaml").object();
    List<Mutation> mutations = Mutations.of(whole, Crds.schema(plural), "spec");
    TreeSet<String> differences = new TreeSet<>();
    TreeSet<String> gaps = new TreeSet<>();
    mutations.parallelStream()
        .forEach(
            mutation -> {
              Admitted answer = Admitted.dryCreate(client, namespace, mutation.object());
              List<String> ours = AdmissionCasesTest.ours(mutation.object());
              if (mutation.breaks() && answer.accepted()) {
                add(gaps, mutation.toString());
              }
              if (answer.accepted() != ours.isEmpty()) {
                add(differences, mutation + " -> " + answer.message() + " / " + ours);
              }
            });
    assertThat(gaps).as("what the server should refuse and does not").isEmpty();
    assertThat(differences).as("where the server and we do not agree").isEmpty();
  }

  @Test
  void whatIsOutOfBoundsInAStatusIsRefused() {
    ObjectNode object = CaseFile.of("evaljob/valid-minimal.yaml").object();
    ((ObjectNode) object.get("metadata")).put("name", "status");
    ObjectNode stored = Admitted.create(client, namespace, object).object();
    stored.set("status", CaseFile.of("status/valid-everything.yaml").object().get("status"));
    assertThat(Admitted.update(client, namespace, stored, "/status", true).message()).isEmpty();
    TreeSet<String> gaps = new TreeSet<>();
    Mutations.of(stored, Crds.schema("evaljobs"), "status").parallelStream()
        .filter(Mutation::breaks)
        .forEach(
            mutation -> {
              if (Admitted.update(client, namespace, mutation.object(), "/status", true)
                  .accepted()) {
                add(gaps, mutation.toString());
              }
            });
    assertThat(gaps).as("what the server should refuse and does not").isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "evaljobs, evaljob, spec",
    "evalquotas, evalquota, spec",
    "evalruntimes, evalruntime, spec",
    "modelprofiles, modelprofile, spec",
    "evaljobs, status, status",
  })
  void theCasesUseEveryField(String plural, String folder, String part) {
    TreeSet<String> unused = new TreeSet<>();
    JsonNode object = CaseFile.of(folder + "/valid-everything.yaml").object();
    // A workspace is one of two, and the test of the cases has the other.
    unused(part, Crds.schema(plural).at("/properties/" + part), List.of(object.get(part)), unused);
    unused.remove("spec.storage.workspace.claimName");
    unused.remove("spec.command");
    assertThat(unused).isEmpty();
  }

  private static void unused(
      String path, JsonNode schema, List<JsonNode> values, Set<String> unused) {
    if (values.isEmpty()) {
      unused.add(path);
      return;
    }
    schema
        .path("properties")
        .properties()
        .forEach(
            field ->
                unused(
                    path + "." + field.getKey(),
                    field.getValue(),
                    values.stream()
                        .filter(value -> value.has(field.getKey()))
                        .map(value -> value.get(field.getKey()))
                        .toList(),
                    unused));
    if (schema.has("items")) {
      unused(
          path + "[]",
          schema.get("items"),
          values.stream().flatMap(value -> value.valueStream()).toList(),
          unused);
    }
  }

  private static synchronized void add(Set<String> set, String text) {
    set.add(text);
  }
}

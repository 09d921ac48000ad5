package io.evaljob.operator.testbed.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.operator.schema.Manifest;
import io.evaljob.operator.schema.ManifestReader;
import io.evaljob.operator.schema.SchemaDefaults;
import io.evaljob.operator.testbed.Checkout;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Kubectl;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What {@code deploy/} ships, applied as a person applies it. */
@RealCluster
class ShippedObjectsTest {

  private static KubernetesClient client;
  private static Kubectl kubectl;
  private static String namespace;

  @BeforeAll
  static void install(ControlPlane cluster) {
    cluster.installOperator();
    client = cluster.admin();
    kubectl = cluster.kubectl();
    namespace = cluster.namespace("shipped");
  }

  @TestFactory
  Stream<DynamicTest> everyObjectIsTakenAndDefaultedAsOffline() {
    return Stream.of("examples", "profiles", "runtimes")
        .map(folder -> Checkout.root().resolve("deploy").resolve(folder))
        .flatMap(ShippedObjectsTest::manifests)
        .flatMap(file -> ManifestReader.read(file).documents().stream())
        .filter(manifest -> manifest.apiVersion().startsWith("evaljob.io/"))
        .map(
            manifest ->
                DynamicTest.dynamicTest(
                    Path.of(manifest.source()).getFileName() + " " + manifest.kind(),
                    () -> taken(manifest)));
  }

  private static void taken(Manifest manifest) {
    Admitted answer = Admitted.dryCreate(client, namespace, manifest.object());
    assertThat(answer.message()).isEmpty();
    ObjectNode offline = SchemaDefaults.apply(manifest.object().deepCopy());
    assertThat(answer.object().get("spec")).isEqualTo(offline.get("spec"));
    assertThat(answer.object().path("status")).isEqualTo(offline.path("status"));
  }

  private static Stream<Path> manifests(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .filter(file -> !file.endsWith("kustomization.yaml"))
          .sorted()
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void kubectlTakesTheExamplesWithStrictValidation() {
    List<String> arguments =
        Stream.concat(
                Stream.of("apply", "-n", namespace, "--dry-run=server", "--validate=strict"),
                manifests(Checkout.root().resolve("deploy/examples"))
                    .flatMap(file -> Stream.of("-f", file.toString())))
            .toList();
    Kubectl.Answer answer = kubectl.ask(arguments.toArray(String[]::new));
    assertThat(answer.errors()).isEmpty();
    assertThat(answer.exitCode()).isZero();
  }

  @Test
  void applyingTheDefinitionsAgainChangesNothing() {
    String[] apply = {
      "apply", "--server-side", "--field-manager=kubectl", "--force-conflicts", "-k", "crds"
    };
    kubectl.run(apply);
    List<String> before = versions();
    assertThat(kubectl.run(apply)).contains("serverside-applied");
    assertThat(versions()).isEqualTo(before);
    assertThat(kubectl.ask("diff", "-k", "crds").output()).isEmpty();
  }

  private static List<String> versions() {
    return client.apiextensions().v1().customResourceDefinitions().list().getItems().stream()
        .map(definition -> definition.getMetadata())
        .filter(meta -> meta.getName().endsWith(".evaljob.io"))
        .map(meta -> meta.getName() + " " + meta.getResourceVersion() + " " + meta.getGeneration())
        .toList();
  }

  @Test
  void theDefinitionsHaveNothingToComplainAbout() {
    client.apiextensions().v1().customResourceDefinitions().list().getItems().stream()
        .filter(definition -> definition.getMetadata().getName().endsWith(".evaljob.io"))
        .forEach(
            definition ->
                assertThat(definition.getStatus().getConditions())
                    .extracting(condition -> condition.getType() + "=" + condition.getStatus())
                    .contains("Established=True", "NamesAccepted=True")
                    .doesNotContain("NonStructuralSchema=True"));
  }

  @Test
  void anObjectAtEveryBoundAtOnceIsStoredAndEditedWithinTheBudgetOfTheRules() {
    ObjectNode greatest = Greatest.evalJob();
    Admitted stored = Admitted.create(client, namespace, greatest);
    assertThat(stored.message()).isEmpty();
    ObjectNode running = stored.object();
    running.set("status", Greatest.status());
    Admitted withStatus = Admitted.update(client, namespace, running, "/status", false);
    assertThat(withStatus.message()).isEmpty();
    // The rule that compares with the old object reads both of them whole.
    ObjectNode edited = withStatus.object();
    ((ObjectNode) edited.get("spec")).put("retryLimit", 4);
    assertThat(Admitted.update(client, namespace, edited, "", false).message()).isEmpty();
    JsonNode read = Admitted.JSON.valueToTree(client.raw(path(edited)));
    assertThat(read.asText().length()).isGreaterThan(500_000);
  }

  private static String path(ObjectNode object) {
    return "/apis/evaljob.io/v1alpha1/namespaces/"
        + namespace
        + "/evaljobs/"
        + object.at("/metadata/name").asText();
  }
}

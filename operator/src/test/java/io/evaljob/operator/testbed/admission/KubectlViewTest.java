package io.evaljob.operator.testbed.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.operator.testbed.Checkout;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.Kubectl;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What a person sees of the API with kubectl, against files of the test resources {@code
 * admission/views}; rewritten with {@code -Dviews.update=true}.
 */
@RealCluster
class KubectlViewTest {

  private static final Path VIEWS =
      Checkout.root().resolve("operator/src/test/resources/admission/views");

  private static KubernetesClient client;
  private static Kubectl kubectl;
  private static String namespace;

  @BeforeAll
  static void store(ControlPlane cluster) {
    cluster.installOperator();
    client = cluster.admin();
    kubectl = cluster.kubectl();
    namespace = cluster.namespace("views");
    ObjectNode unseen = CaseFile.of("evaljob/valid-minimal.yaml").object();
    ((ObjectNode) unseen.get("metadata")).put("name", "unseen");
    assertThat(Admitted.create(client, namespace, unseen).message()).isEmpty();
    ObjectNode object = CaseFile.of("status/valid-everything.yaml").object();
    ((ObjectNode) object.get("metadata")).put("name", "running");
    ObjectNode running = Admitted.create(client, namespace, object).object();
    running.set("status", object.get("status"));
    assertThat(Admitted.update(client, namespace, running, "/status", false).message()).isEmpty();
    ObjectNode profile = CaseFile.of("modelprofile/valid-everything.yaml").object();
    assertThat(Admitted.create(client, namespace, profile).message()).isEmpty();
  }

  @Test
  void columns() throws IOException {
    seen("get-ej", kubectl.run("get", "ej", "-n", namespace));
    seen("get-ej-wide", kubectl.run("get", "ej", "-n", namespace, "-o", "wide"));
    seen("get-mp", kubectl.run("get", "mp", "-n", namespace));
    seen("get-mp-wide", kubectl.run("get", "mp", "-n", namespace, "-o", "wide"));
  }

  @Test
  void explanations() throws IOException {
    seen("explain-evaljob", kubectl.run("explain", "evaljob.spec", "--recursive"));
    seen("explain-evaljob-models", kubectl.run("explain", "ej.spec.models"));
    seen("explain-evalruntime-allow", kubectl.run("explain", "er.spec.allow"));
    seen("explain-status", kubectl.run("explain", "ej.status", "--recursive"));
  }

  @Test
  void selectors() {
    assertThat(
            kubectl.run(
                "get",
                "ej",
                "-n",
                namespace,
                "-o",
                "name",
                "--field-selector=status.phase=Running"))
        .isEqualTo("evaljob.evaljob.io/running\n");
    assertThat(
            kubectl.run(
                "get",
                "ej",
                "-n",
                namespace,
                "-o",
                "name",
                "--field-selector=spec.runtimeRef.name=other"))
        .isEmpty();
  }

  @Test
  void namesAndCategories() {
    assertThat(kubectl.run("api-resources", "--api-group=evaljob.io", "--no-headers"))
        .containsPattern("evaljobs +ej +evaljob.io/v1alpha1 +true +EvalJob")
        .containsPattern("evalruntimes +er +evaljob.io/v1alpha1 +false +EvalRuntime")
        .containsPattern("modelprofiles +mp +evaljob.io/v1alpha1 +true +ModelProfile");
    assertThat(kubectl.run("get", "all", "-n", namespace, "-o", "name")).doesNotContain("evaljob");
  }

  /** Ages pass, and spaces at the end of a line are nobody's. */
  private static void seen(String name, String output) throws IOException {
    String view = output.replaceAll("(?m) \\d+(s|m)\\b", " AGO").replaceAll("(?m) +$", "");
    Path file = VIEWS.resolve(name + ".txt");
    if (Boolean.getBoolean("views.update")) {
      Files.createDirectories(VIEWS);
      Files.writeString(file, view);
    }
    assertThat(file).as("rewritten with -Dviews.update=true").content().isEqualTo(view);
  }
}

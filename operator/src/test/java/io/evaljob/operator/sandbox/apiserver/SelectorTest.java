package io.evaljob.operator.sandbox.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists by labels and fields. */
class SelectorTest {

  private static final ObjectPath PODS = new ObjectPath("", "v1", "pods", "team", "");

  @TempDir Path folder;
  private ApiServer server;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    server =
        new ApiServer(
            folder.resolve("objects.jsonl"),
            List.of(),
            Admission.everything(),
            Clock.systemUTC(),
            change -> {});
    client = server.newClient();
    pod("team", "bound", Map.of("app", "a", "tier", "front"), "node-1", "Running");
    pod("team", "waiting", Map.of("app", "b"), null, "Pending");
    pod("other", "done", Map.of("app", "a"), "node-1", "Succeeded");
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  private void pod(
      String namespace, String name, Map<String, String> labels, String node, String phase) {
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .withLabels(labels)
                .endMetadata()
                .withNewSpec()
                .withNodeName(node)
                .endSpec()
                .withNewStatus()
                .withPhase(phase)
                .endStatus()
                .build())
        .create();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "metadata.name=bound | bound",
        "metadata.name==bound | bound",
        "metadata.name!=bound | done waiting",
        "metadata.namespace=other | done",
        "spec.nodeName=node-1 | bound done",
        "spec.nodeName= | waiting",
        "status.phase=Running | bound",
        "status.phase!=Succeeded,spec.nodeName=node-1 | bound",
        "metadata.name=nobody | -",
      })
  void listsAreFilteredByFields(String selector, String names) {
    assertThat(names("/api/v1/pods?fieldSelector=" + encoded(selector)))
        .isEqualTo(names == null ? "" : names);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "app=a | bound done",
        "app==a,tier=front | bound",
        "app!=a | waiting",
        "tier | bound",
        "!tier | done waiting",
        "app in (a, b),tier notin (front) | done waiting",
        "app notin (a) | waiting",
        "missing=x | -",
      })
  void listsAreFilteredByLabels(String selector, String names) {
    assertThat(names("/api/v1/pods?labelSelector=" + encoded(selector)))
        .isEqualTo(names == null ? "" : names);
  }

  @Test
  void bothSelectorsAndTheNamespaceHoldTogether() {
    assertThat(
            names(
                "/api/v1/namespaces/team/pods?labelSelector=app%3Da&fieldSelector="
                    + encoded("spec.nodeName=node-1")))
        .isEqualTo("bound");
  }

  @Test
  void eventsAreFoundByWhatTheyAreAbout() {
    event("one", "uid-1", "Planned");
    event("two", "uid-1", "Failed");
    event("three", "uid-2", "Planned");
    assertThat(
            client
                .v1()
                .events()
                .inNamespace("team")
                .withField("involvedObject.uid", "uid-1")
                .withField("reason", "Planned")
                .list()
                .getItems())
        .extracting(event -> event.getMetadata().getName())
        .containsExactly("one");
  }

  private void event(String name, String uid, String reason) {
    Event event =
        new EventBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("team")
            .endMetadata()
            .withNewInvolvedObject()
            .withKind("EvalJob")
            .withUid(uid)
            .endInvolvedObject()
            .withReason(reason)
            .build();
    client.resource(event).create();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "fieldSelector=spec.hostname%3Dx | field label not supported: spec.hostname",
        "fieldSelector=involvedObject.name%3Dx | field label not supported: involvedObject.name",
        "fieldSelector=nonsense | is not of the form field=value",
        "labelSelector=%28%29 | unable to parse requirement",
      })
  void aSelectorThatIsNotServedIsABadRequest(String query, String why) {
    assertThatThrownBy(() -> client.raw("/api/v1/pods?" + query, "GET", null))
        .isInstanceOfSatisfying(
            KubernetesClientException.class,
            e -> {
              assertThat(e.getCode()).isEqualTo(400);
              assertThat(e.getMessage()).contains(why);
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"fieldSelector=metadata.name%3Dbound", "labelSelector=app%3Da"})
  void nothingIsDeletedByASelector(String query) {
    assertThatThrownBy(() -> client.raw("/api/v1/namespaces/team/pods?" + query, "DELETE", null))
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(400));
    assertThat(names("/api/v1/pods")).isEqualTo("bound done waiting");
  }

  @Test
  void escapedValuesAreRead() throws Exception {
    JsonNode pod = new ObjectMapper().readTree("{\"metadata\":{\"name\":\"a,b=c\\\\d\"}}");
    assertThat(FieldSelector.parse(PODS, "metadata.name=a\\,b\\=c\\\\d").matches(pod)).isTrue();
    assertThat(FieldSelector.parse(PODS, "metadata.name=a").matches(pod)).isFalse();
  }

  /** Names of the listed objects, sorted. */
  private String names(String url) {
    try {
      JsonNode items = new ObjectMapper().readTree(client.raw(url)).path("items");
      return String.join(
          " ",
          items.findValuesAsText("name").stream()
              .filter(name -> !name.isEmpty())
              .sorted()
              .toList());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String encoded(String selector) {
    return URLEncoder.encode(selector, StandardCharsets.UTF_8);
  }
}

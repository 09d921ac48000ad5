package io.evaljob.operator.sandbox.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiServerTest {

  @TempDir Path folder;
  private final ManualClock clock = new ManualClock();
  private ApiServer server;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    server = open();
    client = server.newClient();
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  private ApiServer open() {
    return new ApiServer(file(), List.of(widgets()), new NoBadWidgets(), clock, change -> {});
  }

  private Path file() {
    return folder.resolve("objects.jsonl");
  }

  private static CustomResourceDefinition widgets() {
    return new CustomResourceDefinitionBuilder()
        .withNewMetadata()
        .withName("widgets.evaljob.io")
        .endMetadata()
        .withNewSpec()
        .withGroup("evaljob.io")
        .withScope("Namespaced")
        .withNewNames()
        .withKind("Widget")
        .withPlural("widgets")
        .endNames()
        .addNewVersion()
        .withName("v1alpha1")
        .withServed(true)
        .withStorage(true)
        .withNewSubresources()
        .withNewStatus()
        .endStatus()
        .endSubresources()
        .endVersion()
        .endSpec()
        .build();
  }

  /** Every widget has a size, and a bad one is refused. */
  private static final class NoBadWidgets implements Admission {
    @Override
    public void applyDefaults(ObjectNode object) {
      ObjectNode spec = object.withObject("/spec");
      if (!spec.has("size")) {
        spec.put("size", 1);
      }
    }

    @Override
    public List<String> problems(ObjectNode next, Optional<JsonNode> before) {
      return next.path("spec").has("bad") ? List.of("spec.bad: is bad; leave it out") : List.of();
    }
  }

  private static ConfigMap map(String name, String value) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("team")
        .endMetadata()
        .addToData("k", value)
        .build();
  }

  private static GenericKubernetesResource widget(Map<String, Object> spec) {
    return new GenericKubernetesResourceBuilder()
        .withApiVersion("evaljob.io/v1alpha1")
        .withKind("Widget")
        .withNewMetadata()
        .withName("w")
        .withNamespace("team")
        .endMetadata()
        .addToAdditionalProperties("spec", spec)
        .build();
  }

  private MixedOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      widgetsOf() {
    return client.genericKubernetesResources(
        new ResourceDefinitionContext.Builder()
            .withGroup("evaljob.io")
            .withVersion("v1alpha1")
            .withKind("Widget")
            .withPlural("widgets")
            .withNamespaced(true)
            .build());
  }

  private GenericKubernetesResource storedWidget() {
    return widgetsOf().inNamespace("team").withName("w").get();
  }

  private static long version(ConfigMap map) {
    return Long.parseLong(map.getMetadata().getResourceVersion());
  }

  @Test
  void anAnsweredWriteIsOnTheDisk() throws IOException {
    ConfigMap created = client.resource(map("a", "größe")).create();
    assertThat(Files.readString(file()))
        .endsWith("\n")
        .contains(created.getMetadata().getUid(), "größe");
  }

  @Test
  void aNewServerGoesOnWithTheSameObjectsAndTheNextVersion() {
    ConfigMap kept = client.resource(map("kept", "1")).create();
    client.resource(map("gone", "1")).create();
    client.resource(map("gone", "1")).delete();
    client.resource(map("kept", "2")).update();
    ConfigMap last = client.configMaps().inNamespace("team").withName("kept").get();
    close();
    start();
    assertThat(client.configMaps().inNamespace("team").list().getItems()).containsExactly(last);
    assertThat(last.getMetadata().getUid()).isEqualTo(kept.getMetadata().getUid());
    ConfigMap next = client.resource(map("next", "1")).create();
    assertThat(version(next)).isGreaterThan(version(last));
    assertThat(next.getMetadata().getUid()).isNotEqualTo(kept.getMetadata().getUid());
  }

  @Test
  void aLineCutShortByAKillIsDropped() throws IOException {
    client.resource(map("whole", "1")).create();
    close();
    Files.writeString(file(), "{\"version\":99,\"ur", StandardOpenOption.APPEND);
    start();
    assertThat(client.configMaps().inNamespace("team").list().getItems()).hasSize(1);
  }

  @Test
  void aDamagedFileIsRefusedByName() throws IOException {
    close();
    Files.writeString(file(), "{broken\n", StandardOpenOption.APPEND);
    assertThatThrownBy(this::open).hasStackTraceContaining("objects.jsonl is damaged at character");
    Files.delete(file());
    start();
  }

  @Test
  void aStaleWriteConflictsAndASecondCreateIsTold() {
    ConfigMap first = client.resource(map("a", "1")).create();
    client.resource(map("a", "2")).update();
    ConfigMap stale = new ConfigMapBuilder(first).addToData("k", "3").build();
    assertThatThrownBy(() -> client.resource(stale).update())
        .isInstanceOfSatisfying(
            KubernetesClientException.class,
            e -> {
              assertThat(e.getCode()).isEqualTo(409);
              assertThat(e.getStatus().getReason()).isEqualTo("Conflict");
            });
    assertThatThrownBy(() -> client.resource(map("a", "1")).create())
        .isInstanceOfSatisfying(
            KubernetesClientException.class,
            e -> assertThat(e.getStatus().getReason()).isEqualTo("AlreadyExists"));
  }

  @Test
  void aWriteThatChangesNothingKeepsTheVersion() {
    ConfigMap first = client.resource(map("a", "1")).create();
    ConfigMap again = client.resource(map("a", "1")).update();
    assertThat(version(again)).isEqualTo(version(first));
  }

  @Test
  void informersSeeEveryChange() {
    try (SharedIndexInformer<ConfigMap> informer = client.configMaps().inAnyNamespace().inform()) {
      client.resource(map("a", "1")).create();
      await().until(() -> values(informer).equals(List.of("1")));
      client.resource(map("a", "2")).update();
      await().until(() -> values(informer).equals(List.of("2")));
      client.resource(map("a", "2")).delete();
      await().until(() -> values(informer).isEmpty());
    }
  }

  private static List<String> values(SharedIndexInformer<ConfigMap> informer) {
    return informer.getStore().list().stream().map(map -> map.getData().get("k")).toList();
  }

  @Test
  void customObjectsGetTheirDefaultsAndAreChecked() {
    GenericKubernetesResource created = widgetsOf().resource(widget(Map.of())).create();
    assertThat(created.<Integer>get("spec", "size")).isEqualTo(1);
    assertThat(storedWidget().<Integer>get("spec", "size")).isEqualTo(1);
    assertThatThrownBy(() -> widgetsOf().resource(widget(Map.of("bad", true))).update())
        .isInstanceOfSatisfying(
            KubernetesClientException.class,
            e -> {
              assertThat(e.getCode()).isEqualTo(422);
              assertThat(e.getMessage()).contains("spec.bad: is bad; leave it out");
            });
    assertThat(storedWidget().<Object>get("spec", "bad")).isNull();
  }

  @Test
  void statusIsWrittenOnItsOwnAndDoesNotRaiseTheGeneration() {
    GenericKubernetesResource created = widgetsOf().resource(widget(Map.of("size", 2))).create();
    created.setAdditionalProperty("status", Map.of("phase", "Good"));
    widgetsOf().resource(created).updateStatus();
    GenericKubernetesResource stored = storedWidget();
    assertThat(stored.<String>get("status", "phase")).isEqualTo("Good");
    assertThat(stored.getMetadata().getGeneration()).isEqualTo(1);
    stored.setAdditionalProperty("spec", Map.of("size", 3));
    stored.setAdditionalProperty("status", Map.of("phase", "Bad"));
    GenericKubernetesResource updated = widgetsOf().resource(stored).update();
    assertThat(updated.<String>get("status", "phase")).isEqualTo("Good");
    assertThat(updated.getMetadata().getGeneration()).isEqualTo(2);
  }

  @Test
  void aNamespaceComesWithItsFirstObject() {
    client.resource(map("a", "1")).create();
    assertThat(client.namespaces().withName("team").get().getMetadata().getLabels())
        .containsEntry("kubernetes.io/metadata.name", "team");
    assertThat(client.namespaces().withName("default").get()).isNotNull();
  }

  @Test
  void aNamespaceHasItsNameAsALabel() {
    Namespace made =
        client
            .resource(
                new NamespaceBuilder()
                    .withNewMetadata()
                    .withName("lab")
                    .addToLabels("team", "vlm")
                    .endMetadata()
                    .build())
            .create();
    assertThat(made.getMetadata().getLabels())
        .containsOnly(entry("team", "vlm"), entry("kubernetes.io/metadata.name", "lab"));
  }

  @Test
  void textsOfASecretAreEncoded() {
    Secret secret =
        client
            .resource(
                new SecretBuilder()
                    .withNewMetadata()
                    .withName("s")
                    .withNamespace("team")
                    .endMetadata()
                    .addToStringData("k", "v")
                    .build())
            .create();
    assertThat(secret.getStringData()).isNullOrEmpty();
    assertThat(secret.getData()).containsEntry("k", "dg==");
  }

  @Test
  void aDeleteThatMeansAnEarlierObjectOfTheNameDoesNothing() {
    client.resource(map("a", "1")).create();
    client.raw(
        "/api/v1/namespaces/team/configmaps/a",
        "DELETE",
        Map.of("preconditions", Map.of("uid", "another")));
    assertThat(client.configMaps().inNamespace("team").withName("a").get()).isNotNull();
  }

  @Test
  void nobodyWithoutTheTokenIsServed() {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl(client.getMasterUrl().toString())
            .withOauthToken("guess")
            .build();
    try (KubernetesClient stranger = new KubernetesClientBuilder().withConfig(config).build()) {
      assertThatThrownBy(() -> stranger.namespaces().list())
          .isInstanceOfSatisfying(
              KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(401));
    }
  }

  @Test
  void tokensAreReviewedByAudiencePodAndTime() {
    Duration life = Duration.ofHours(1);
    String token =
        server.podTokens().issue("team", "default", "pod-a", "uid-a", "evaljob-report", life);
    TokenReview good = review(token, "evaljob-report");
    assertThat(good.getStatus().getAuthenticated()).isTrue();
    assertThat(good.getStatus().getAudiences()).containsExactly("evaljob-report");
    assertThat(good.getStatus().getUser().getUsername())
        .isEqualTo("system:serviceaccount:team:default");
    assertThat(good.getStatus().getUser().getExtra())
        .containsEntry("authentication.kubernetes.io/pod-name", List.of("pod-a"))
        .containsEntry("authentication.kubernetes.io/pod-uid", List.of("uid-a"));
    assertThat(review(token, "other").getStatus().getAuthenticated()).isFalse();
    assertThat(review("guess", "evaljob-report").getStatus().getAuthenticated()).isFalse();
    clock.advance(life);
    assertThat(review(token, "evaljob-report").getStatus().getAuthenticated()).isFalse();
    String second =
        server.podTokens().issue("team", "default", "pod-a", "uid-a", "evaljob-report", life);
    assertThat(review(second, "evaljob-report").getStatus().getAuthenticated()).isTrue();
    server.podTokens().revoke("uid-a");
    assertThat(review(second, "evaljob-report").getStatus().getAuthenticated()).isFalse();
  }

  private TokenReview review(String token, String audience) {
    return client
        .resource(
            new TokenReviewBuilder()
                .withNewSpec()
                .withToken(token)
                .withAudiences(audience)
                .endSpec()
                .build())
        .create();
  }
}

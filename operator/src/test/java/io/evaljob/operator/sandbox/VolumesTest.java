package io.evaljob.operator.sandbox;

import static io.evaljob.operator.sandbox.Cluster.job;
import static io.evaljob.operator.sandbox.Cluster.outcome;
import static io.evaljob.operator.sandbox.Cluster.script;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumesTest {

  @TempDir Path folder;
  private Cluster cluster;

  @BeforeEach
  void start() {
    cluster = new Cluster(Cluster.config(folder));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private PersistentVolumeClaim claim(String name, Map<String, String> annotations) {
    return cluster
        .client()
        .resource(
            new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("default")
                .withAnnotations(annotations)
                .endMetadata()
                .withNewSpec()
                .withAccessModes("ReadWriteOnce")
                .withNewResources()
                .withRequests(Map.of("storage", new Quantity("1Gi")))
                .endResources()
                .endSpec()
                .build())
        .create();
  }

  private static PodSpecBuilder mounted(String script, String claim, String path, String subPath) {
    return script(script)
        .editFirstContainer()
        .addNewEnv()
        .withName("VOLUME")
        .withValue(path)
        .endEnv()
        .addNewVolumeMount()
        .withName("data")
        .withMountPath(path)
        .withSubPath(subPath)
        .endVolumeMount()
        .endContainer()
        .addNewVolume()
        .withName("data")
        .withNewPersistentVolumeClaim()
        .withClaimName(claim)
        .endPersistentVolumeClaim()
        .endVolume();
  }

  @Test
  void aClaimKeepsItsFilesBetweenPodsAndGoesWithThem() throws IOException {
    claim("work", null);
    cluster.create(job("writer", mounted("echo kept > $VOLUME/f", "work", "/evaljob/work", null)));
    cluster.finished("writer");
    cluster.create(job("reader", mounted("cat $VOLUME/f", "work", "/evaljob/work", null)));
    cluster.finished("reader");
    assertThat(cluster.log("reader")).isEqualTo("kept\n");
    Path volumes = folder.resolve("state/volumes");
    assertThat(folders(volumes)).hasSize(1);
    cluster.client().persistentVolumeClaims().withName("work").delete();
    await().until(() -> folders(volumes).isEmpty());
  }

  private static List<Path> folders(Path parent) throws IOException {
    try (Stream<Path> folders = Files.list(parent)) {
      return folders.toList();
    }
  }

  @Test
  void aClaimWithALocalPathIsThatFolder() throws IOException {
    Path local = Files.createDirectories(folder.resolve("mine/sub"));
    Files.writeString(local.resolve("f"), "mine");
    claim("models", Map.of(ClaimBinder.LOCAL_PATH, folder.resolve("mine").toString()));
    cluster.create(job("reader", mounted("cat $VOLUME/f", "models", "/mnt/evaljob/models", "sub")));
    cluster.finished("reader");
    assertThat(cluster.log("reader")).isEqualTo("mine");
    cluster.client().persistentVolumeClaims().withName("models").delete();
    cluster.create(job("other", script("true")));
    cluster.finished("other");
    assertThat(local.resolve("f")).exists();
  }

  @Test
  void aPodWaitsForItsClaim() {
    cluster.create(job("waits", mounted("true", "late", "/evaljob/work", null)));
    await()
        .ignoreExceptions()
        .until(
            () ->
                cluster.pod("waits").getStatus().getConditions().stream()
                    .anyMatch(
                        c -> c.getMessage().contains("persistentvolumeclaim \"late\" not found")));
    claim("late", null);
    assertThat(outcome(cluster.finished("waits"))).isEqualTo("Complete");
  }

  @Test
  void aTokenVolumeHoldsATokenOfThisPod() {
    PodSpecBuilder spec =
        script("cat $TOKEN_FILE; until [ -e " + folder.resolve("gate") + " ]; do sleep 0.05; done")
            .editFirstContainer()
            .addNewEnv()
            .withName("TOKEN_FILE")
            .withValue("/evaljob/token/token")
            .endEnv()
            .addNewVolumeMount()
            .withName("token")
            .withMountPath("/evaljob/token")
            .endVolumeMount()
            .endContainer()
            .addNewVolume()
            .withName("token")
            .withNewProjected()
            .addNewSource()
            .withNewServiceAccountToken("evaljob-report", 3600L, "token")
            .endSource()
            .endProjected()
            .endVolume();
    cluster.create(job("token", spec));
    cluster.running("token");
    await().until(() -> !cluster.log("token").isEmpty());
    TokenReview review =
        cluster
            .client()
            .resource(
                new TokenReviewBuilder()
                    .withNewSpec()
                    .withToken(cluster.log("token"))
                    .withAudiences("evaljob-report")
                    .endSpec()
                    .build())
            .create();
    assertThat(review.getStatus().getAuthenticated()).isTrue();
    assertThat(review.getStatus().getUser().getExtra())
        .containsEntry(
            "authentication.kubernetes.io/pod-uid",
            List.of(cluster.pod("token").getMetadata().getUid()));
    Cluster.write(folder.resolve("gate"), "");
    cluster.finished("token");
  }
}

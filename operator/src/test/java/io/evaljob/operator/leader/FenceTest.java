package io.evaljob.operator.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evaljob.operator.report.SettableClock;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@EnableKubernetesMockClient(crud = true)
class FenceTest {
  private static final Duration TERM = Duration.ofSeconds(8);

  KubernetesMockServer server;
  KubernetesClient client;

  private final SettableClock wall = new SettableClock();
  // A monotonic clock may wrap.
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1);
  private final Fence fence = new Fence(wall, nanos::get);
  private KubernetesClient fenced;

  @BeforeEach
  void connect() {
    fenced =
        Fence.singleTry(
            server.createClient(
                builder ->
                    builder.withHttpClientBuilderConsumer(
                        http -> http.addOrReplaceInterceptor("fence", fence))));
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
    wall.advance(time);
  }

  private static HasMetadata configMap(String namespace, String name) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .endMetadata()
        .build();
  }

  @Test
  void itIsOpenUntilTheTermEndsAndNotAtItsEnd() {
    assertThat(fence.held()).isFalse();
    fence.openUntil(fence.now().plus(TERM));
    pass(TERM.minusNanos(1));
    assertThat(fence.held()).isTrue();
    pass(Duration.ofNanos(1));
    assertThat(fence.held()).isFalse();
  }

  /** A machine that slept: its monotonic clock stood still, or nobody set its wall clock yet. */
  @Test
  void eitherClockEndsTheTerm() {
    fence.openUntil(fence.now().plus(TERM));
    wall.advance(TERM);
    assertThat(fence.held()).isFalse();

    fence.openUntil(fence.now().plus(TERM));
    wall.advance(Duration.ofDays(-1));
    assertThat(fence.held()).isTrue();
    nanos.addAndGet(TERM.toNanos());
    assertThat(fence.held()).isFalse();
  }

  @Test
  void afterItWasClosedForGoodNothingOpensIt() {
    fence.openUntil(fence.now().plus(TERM));
    fence.close();
    assertThat(fence.held()).isFalse();
    fence.openUntil(fence.now().plus(TERM));
    assertThat(fence.held()).isTrue();
    fence.closeForGood();
    fence.openUntil(fence.now().plus(TERM));
    assertThat(fence.held()).isFalse();
  }

  @Test
  void closedItLetsReadsPassAndWritesOfStandbysAndNothingElse() {
    client.resource(configMap("vlm", "kept")).create();

    assertThat(fenced.configMaps().inNamespace("vlm").withName("kept").get()).isNotNull();
    assertThatCode(
            () -> {
              fenced
                  .resource(
                      new LeaseBuilder()
                          .withNewMetadata()
                          .withNamespace("vlm")
                          .withName("l")
                          .endMetadata()
                          .build())
                  .create();
              fenced
                  .resource(
                      new SecretBuilder()
                          .withNewMetadata()
                          .withNamespace("vlm")
                          .withName("s")
                          .endMetadata()
                          .build())
                  .create();
              fenced
                  .resource(
                      new TokenReviewBuilder()
                          .withNewMetadata()
                          .withName("t")
                          .endMetadata()
                          .build())
                  .create();
            })
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> fenced.resource(configMap("vlm", "new")).create())
        .isInstanceOf(NotLeading.class)
        .hasMessage(
            "not sent, because this replica does not lead: POST"
                + " /api/v1/namespaces/vlm/configmaps");
    assertThatThrownBy(() -> fenced.configMaps().inNamespace("vlm").withName("kept").delete())
        .isInstanceOf(NotLeading.class);
    assertThat(client.configMaps().inNamespace("vlm").list().getItems()).hasSize(1);
  }

  /** Namespaces and objects may be called like the kinds that every replica writes. */
  @Test
  void namesDoNotOpenIt() {
    for (String name : new String[] {"leases", "secrets", "tokenreviews", "v1", "api", "apis"}) {
      client.resource(configMap(name, name)).create();
      assertThatThrownBy(() -> fenced.configMaps().inNamespace(name).withName(name).delete())
          .isInstanceOf(NotLeading.class);
      assertThatThrownBy(() -> fenced.batch().v1().jobs().inNamespace(name).withName(name).delete())
          .isInstanceOf(NotLeading.class);
    }
  }

  /** The client library would lose what the fence throws on a second try, and wait for ever. */
  @Test
  void aWriteThatFailedIsNotTriedAgainBelowThePass() {
    fence.openUntil(fence.now().plus(TERM));
    AtomicInteger tries = new AtomicInteger();
    server
        .expect()
        .post()
        .withPath("/api/v1/namespaces/vlm/configmaps")
        .andReply(
            503,
            request -> {
              tries.incrementAndGet();
              pass(TERM);
              return "{}";
            })
        .always();

    assertThatThrownBy(() -> fenced.resource(configMap("vlm", "new")).create())
        .isInstanceOf(KubernetesClientException.class);
    assertThat(tries).hasValue(1);
  }
}

package io.evaljob.operator.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@EnableKubernetesMockClient(crud = true)
class LeaseElectionTest {
  private static final String NAMESPACE = "evaljob-system";
  private static final Duration LEASE = Duration.ofSeconds(3);

  KubernetesMockServer server;
  KubernetesClient client;

  private final List<Replica> replicas = new ArrayList<>();

  /** What became of all replicas, in order. */
  private final List<String> story = new CopyOnWriteArrayList<>();

  /** A replica with a connection of its own, which can be cut. */
  private final class Replica implements LeaseElection.Candidate {
    final String name;
    final Fence fence = new Fence(Clock.systemUTC(), System::nanoTime);
    final List<String> requests = new CopyOnWriteArrayList<>();
    final KubernetesClient connection;
    final LeaseElection election;
    volatile boolean cut;
    volatile CountDownLatch held = new CountDownLatch(0);

    Replica(String name) {
      this.name = name;
      this.connection =
          server.createClient(
              builder ->
                  builder.withHttpClientBuilderConsumer(
                      http -> http.addOrReplaceInterceptor("wire", new Wire())));
      this.election = LeaseElection.join(connection, NAMESPACE, name + "_1", LEASE, fence, this);
      replicas.add(this);
    }

    private final class Wire implements Interceptor {
      @Override
      public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        if (cut) {
          throw new IllegalStateException("the connection is cut");
        }
        requests.add(request.method());
        try {
          held.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }

    @Override
    public void lead() {
      story.add(
          name
              + " leads"
              + (replicas.stream().anyMatch(other -> other != this && other.fence.held())
                  ? " beside another"
                  : ""));
    }

    @Override
    public void standBy() {
      story.add(name + " stands by" + (fence.held() ? " and may write" : ""));
    }
  }

  @AfterEach
  void leave() {
    replicas.forEach(replica -> replica.election.close());
    replicas.forEach(replica -> replica.connection.close());
  }

  private Lease lease() {
    return client.leases().inNamespace(NAMESPACE).withName("evaljob-operator").get();
  }

  /** As a person does it who tries again when the leader was faster. */
  private void edit(UnaryOperator<LeaseBuilder> change) {
    await()
        .ignoreException(KubernetesClientException.class)
        .until(
            () ->
                client
                        .leases()
                        .inNamespace(NAMESPACE)
                        .withName("evaljob-operator")
                        .edit(lease -> change.apply(new LeaseBuilder(lease)).build())
                    != null);
  }

  private void awaitStory(String... lines) {
    await()
        .pollInterval(Duration.ofMillis(5))
        .untilAsserted(() -> assertThat(story).containsExactly(lines));
  }

  private Replica leader() {
    Replica first = new Replica("first");
    awaitStory("first leads");
    return first;
  }

  private Replica standby() {
    Replica second = new Replica("second");
    await().until(second.election::joined);
    return second;
  }

  @Test
  void theFirstLeadsAndTheSecondStandsBy() {
    Replica first = leader();
    Replica second = standby();

    ZonedDateTime renewed = lease().getSpec().getRenewTime();
    await().until(() -> lease().getSpec().getRenewTime().isAfter(renewed));
    assertThat(first.fence.held()).isTrue();
    assertThat(second.fence.held()).isFalse();
    assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("first_1");
    assertThat(lease().getSpec().getLeaseDurationSeconds()).isEqualTo(3);
    assertThat(lease().getSpec().getLeaseTransitions()).isZero();
    assertThat(story).containsExactly("first leads");
    // The verbs of the role, and no request more than it takes.
    assertThat(first.requests).startsWith("GET", "POST", "PUT").doesNotContain("PATCH", "DELETE");
    assertThat(first.requests.stream().filter("GET"::equals)).hasSize(1);
    assertThat(second.requests).containsOnly("GET");
  }

  @Test
  void whoeverCannotRenewStopsBeforeAnotherTakesOver() {
    Replica first = leader();
    Replica second = standby();
    first.cut = true;

    awaitStory("first leads", "first stands by", "second leads");
    assertThat(first.fence.held()).isFalse();
    assertThat(second.fence.held()).isTrue();
    assertThat(lease().getSpec().getLeaseTransitions()).isEqualTo(1);

    first.cut = false;
    second.cut = true;
    awaitStory("first leads", "first stands by", "second leads", "second stands by", "first leads");
  }

  @Test
  void aLoneReplicaLeadsAgainWhenItsConnectionIsBack() {
    Replica only = leader();
    only.cut = true;
    awaitStory("first leads", "first stands by");
    only.cut = false;
    awaitStory("first leads", "first stands by", "first leads");
    assertThat(lease().getSpec().getLeaseTransitions()).isZero();
  }

  /** What was due while the renewal was under way was not done, and nobody else did it. */
  @Test
  void aRenewalThatComesTooLateLeavesAGapThatIsMadeUpFor() {
    Replica only = leader();
    only.held = new CountDownLatch(1);
    await().until(() -> !only.fence.held());
    only.held.countDown();

    await().until(only.fence::held);
    await().untilAsserted(() -> assertThat(story).hasSizeGreaterThan(1));
    assertThat(story).containsOnly("first leads");
  }

  @Test
  void anApiServerThatNeverAnswersEndsTheTerm() {
    Replica only = leader();
    CountDownLatch end = new CountDownLatch(1);
    server
        .expect()
        .put()
        .withPath(
            "/apis/coordination.k8s.io/v1/namespaces/" + NAMESPACE + "/leases/evaljob-operator")
        .andReply(
            500,
            request -> {
              try {
                end.await(1, TimeUnit.MINUTES);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return "{}";
            })
        .always();

    try {
      awaitStory("first leads", "first stands by");
      assertThat(only.fence.held()).isFalse();
    } finally {
      end.countDown();
    }
  }

  @Test
  void aLeaseThatIsGivenBackIsTakenWithoutAWait() {
    Replica first = leader();
    Replica second = standby();

    first.election.close();
    assertThat(first.fence.held()).isFalse();
    awaitStory("first leads", "second leads");

    second.election.close();
    assertThat(lease().getSpec().getHolderIdentity()).isNull();
    assertThat(lease().getSpec().getLeaseDurationSeconds()).isEqualTo(1);
    assertThat(story).containsExactly("first leads", "second leads");
  }

  @Test
  void aLeaseThatSomebodyElseWritesIsLostAtOnce() {
    Replica first = leader();
    edit(
        lease ->
            lease
                .editSpec()
                .withHolderIdentity("stranger")
                .withLeaseDurationSeconds(3600)
                .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC))
                .endSpec());

    awaitStory("first leads", "first stands by");
    assertThat(first.fence.held()).isFalse();
    int looks = first.requests.size();
    await().until(() -> first.requests.size() > looks + 2);
    first.election.close();
    assertThat(lease().getSpec().getHolderIdentity())
        .as("the stranger's word counts, and is not undone")
        .isEqualTo("stranger");
    assertThat(story).containsExactly("first leads", "first stands by");
  }

  /** The dead holder's clock may have been wrong by hours. */
  @Test
  void whetherALeaseRanOutIsSeenAndNotReadFromIt() {
    client
        .resource(
            new LeaseBuilder()
                .withNewMetadata()
                .withNamespace(NAMESPACE)
                .withName("evaljob-operator")
                .endMetadata()
                .withNewSpec()
                .withHolderIdentity("dead")
                .withLeaseDurationSeconds(1)
                .withLeaseTransitions(7)
                .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC).plusHours(5))
                .endSpec()
                .build())
        .create();
    long start = System.nanoTime();
    leader();

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(1));
    assertThat(lease().getSpec().getLeaseTransitions()).isEqualTo(8);
  }

  @Test
  void aLeaseThatIsEditedOrDeletedIsKept() {
    leader();
    edit(lease -> lease.editMetadata().addToAnnotations("seen-by", "a person").endMetadata());
    ZonedDateTime renewed = lease().getSpec().getRenewTime();
    await().until(() -> lease().getSpec().getRenewTime().isAfter(renewed));
    assertThat(lease().getMetadata().getAnnotations()).containsEntry("seen-by", "a person");

    client.leases().inNamespace(NAMESPACE).withName("evaljob-operator").delete();
    await().until(() -> lease() != null);
    assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("first_1");
    assertThat(story).containsExactly("first leads");
  }

  @Test
  void withoutTheRightToTheLeaseItNeverJoins() {
    String path = "/apis/coordination.k8s.io/v1/namespaces/" + NAMESPACE + "/leases";
    server.expect().get().withPath(path + "/evaljob-operator").andReturn(403, "{}").always();
    Replica refused = new Replica("refused");
    await().until(() -> refused.requests.size() > 2);

    assertThat(refused.election.joined()).isFalse();
    assertThat(refused.fence.held()).isFalse();
    assertThat(story).isEmpty();
  }
}

package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.leader.Fence;
import io.evaljob.operator.lifecycle.EventNote;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@EnableKubernetesMockClient(crud = true)
class EventRecorderTest {

  KubernetesMockServer server;
  KubernetesClient client;

  private final CountDownLatch gate = new CountDownLatch(1);
  private final AtomicInteger sent = new AtomicInteger();
  private volatile int refused = -1;
  private EventRecorder recorder;

  /** An API server that answers no event until the gate opens. */
  private final class Gate implements Interceptor {
    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      if (!request.method().equals("POST")) {
        return;
      }
      int number = sent.getAndIncrement();
      try {
        gate.await();
      } catch (InterruptedException e) {
        throw new KubernetesClientException("stopped", e);
      }
      if (number == refused) {
        throw new IllegalStateException("not sent");
      }
    }
  }

  @BeforeEach
  void connect() {
    recorder =
        new EventRecorder(
            Fence.singleTry(
                server.createClient(
                    builder ->
                        builder.withHttpClientBuilderConsumer(
                            http -> http.addOrReplaceInterceptor("gate", new Gate())))),
            Clock.systemUTC());
  }

  @AfterEach
  void open() {
    gate.countDown();
    recorder.close();
  }

  private static EvalJob job() {
    EvalJob job = new EvalJob();
    job.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace("team")
            .withName("one")
            .withUid("uid")
            .withResourceVersion("7")
            .build());
    return job;
  }

  private static List<EventNote> notes(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new EventNote(false, "Reason" + i, "Sentence " + i + "."))
        .toList();
  }

  private List<String> recorded() {
    return client.v1().events().inNamespace("team").list().getItems().stream()
        .sorted(
            Comparator.comparing(event -> Long.parseLong(event.getMetadata().getResourceVersion())))
        .map(Event::getReason)
        .toList();
  }

  private static List<String> reasons(int count) {
    return IntStream.range(0, count).mapToObj(i -> "Reason" + i).toList();
  }

  @Test
  void aPassGoesOnBeforeItsEventsAreRecordedAndTheyAreInOrder() {
    recorder.record(job(), notes(20));
    assertThat(recorded()).isEmpty();

    gate.countDown();

    await().untilAsserted(() -> assertThat(recorded()).isEqualTo(reasons(20)));
  }

  @Test
  void aStopRecordsThoseThatWait() {
    gate.countDown();
    recorder.record(job(), notes(20));

    recorder.close();

    assertThat(recorded()).isEqualTo(reasons(20));
  }

  @Test
  void aStopDoesNotWaitForAnApiServerThatIsSilent() {
    recorder.record(job(), notes(3));

    recorder.close();

    assertThat(recorded()).isEmpty();
    assertThat(sent).as("those behind the first are not tried").hasValue(1);
  }

  @Test
  void oneThatIsRefusedDoesNotStopTheNext() {
    refused = 1;
    gate.countDown();

    recorder.record(job(), notes(3));

    await().untilAsserted(() -> assertThat(recorded()).containsExactly("Reason0", "Reason2"));
  }

  @Test
  void aPassWaitsWhereTooManyDo() {
    CompletableFuture<Void> pass =
        CompletableFuture.runAsync(() -> recorder.record(job(), notes(1_100)));
    // The first by the lane's own thread, a thousand wait behind it, the next by the pass.
    await().until(() -> sent.get() == 2);
    assertThat(pass).isNotDone();

    gate.countDown();

    pass.join();
    await().untilAsserted(() -> assertThat(recorded()).hasSize(1_100));
  }
}

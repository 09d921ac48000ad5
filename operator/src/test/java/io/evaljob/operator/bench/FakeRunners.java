package io.evaljob.operator.bench;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What kwok cannot play of the pods of the Score stage: each reports its rows to the operator, with
 * a token bound to it, and ends when they are stored and a second is over.
 */
final class FakeRunners implements AutoCloseable {

  /** So many wait for an answer at the same time: a final report has it when it is stored. */
  private static final int REPORTING = 200;

  private static final String BODY =
      """
      {"schemaVersion":"1","podUID":"THE-UID","stage":"Score","attempt":1,"sequence":1,"final":true,
       "progress":{"samplesDone":12,"samplesTotal":12,"datasetsDone":1,"datasetsTotal":1},
       "results":[{"dataset":"one","phase":"Succeeded","metric":"accuracy","score":"0.5",
                   "samples":12,"failedSamples":0}]}
      """;

  private static final String ENDED =
      """
      {"status":{"phase":"Succeeded","containerStatuses":[
        {"name":"CONTAINER","image":"registry.example/evaluate:1","imageID":"","ready":false,
         "restartCount":0,"state":{"terminated":{"exitCode":0,"reason":"Completed",
         "message":"{\\"schemaVersion\\":\\"1\\",\\"outcome\\":\\"Succeeded\\"}"}}}]}}
      """;

  private final KubernetesClient client;
  private final RunnerConnections connections;
  private final ScheduledExecutorService pool = Executors.newScheduledThreadPool(REPORTING);
  private final Map<String, Integer> addresses = new ConcurrentHashMap<>();
  private final Set<String> begun = ConcurrentHashMap.newKeySet();
  private final AtomicInteger again = new AtomicInteger();
  private final SharedIndexInformer<Pod> pods;

  /** Plays every pod that comes, until it is closed. */
  FakeRunners(KubernetesClient client, URI endpoint) {
    this.client = client;
    connections = new RunnerConnections(endpoint.getPort());
    pods =
        client
            .pods()
            .inAnyNamespace()
            .withLabel("evaljob.io/stage", "score")
            .withLabel("bench", "played")
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(Pod pod) {
                    if ("Running".equals(pod.getStatus().getPhase())
                        && begun.add(pod.getMetadata().getUid())) {
                      pool.execute(() -> play(pod, System.nanoTime()));
                    }
                  }

                  @Override
                  public void onUpdate(Pod before, Pod now) {
                    onAdd(now);
                  }

                  @Override
                  public void onDelete(Pod pod, boolean unknown) {}
                });
  }

  /** Reports that were not taken the first time. */
  int again() {
    return again.get();
  }

  private void play(Pod pod, long began) {
    String token =
        client
            .serviceAccounts()
            .inNamespace(pod.getMetadata().getNamespace())
            .withName("default")
            .tokenRequest(request(pod))
            .getStatus()
            .getToken();
    report(pod, token, began);
  }

  private void report(Pod pod, String token, long began) {
    int status = 0;
    String why;
    try {
      status = connections.post(addressOf(pod), token, BODY.replace("THE-UID", uid(pod)));
      why = "status " + status;
    } catch (IOException e) {
      why = e.toString();
    }
    if (status == 200) {
      long left = TimeUnit.SECONDS.toNanos(1) - (System.nanoTime() - began);
      later(() -> end(pod), Duration.ofNanos(Math.max(0, left)));
    } else if (!pool.isShutdown()) {
      if (again.incrementAndGet() % 100 == 1) {
        System.out.println("a report was not taken: " + why);
      }
      later(() -> report(pod, token, began), Duration.ofSeconds(1));
    }
  }

  private static String uid(Pod pod) {
    return pod.getMetadata().getUid();
  }

  /** An address of its own, as every pod has; the whole of 127.0.0.0/8 is this machine. */
  private InetAddress addressOf(Pod pod) {
    int number = addresses.computeIfAbsent(uid(pod), uid -> addresses.size() + 1);
    try {
      return InetAddress.getByAddress(
          new byte[] {
            127,
            (byte) (1 + (number >> 14)),
            (byte) (number >> 7 & 127),
            (byte) (1 + (number & 127))
          });
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private void later(Runnable what, Duration delay) {
    var unused = pool.schedule(what, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void end(Pod pod) {
    client
        .pods()
        .inNamespace(pod.getMetadata().getNamespace())
        .withName(pod.getMetadata().getName())
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            ended(pod.getSpec().getContainers().get(0).getName()));
  }

  /** A status of a pod that ended well, as a merge patch. */
  static String ended(String container) {
    return ENDED.replace("CONTAINER", container);
  }

  private static TokenRequest request(Pod pod) {
    String audience =
        pod.getSpec().getVolumes().stream()
            .filter(volume -> volume.getProjected() != null)
            .flatMap(volume -> volume.getProjected().getSources().stream())
            .filter(source -> source.getServiceAccountToken() != null)
            .map(source -> source.getServiceAccountToken().getAudience())
            .findFirst()
            .orElseThrow();
    return new TokenRequestBuilder()
        .withNewSpec()
        .withAudiences(audience)
        .withExpirationSeconds(3600L)
        .withNewBoundObjectRef()
        .withApiVersion("v1")
        .withKind("Pod")
        .withName(pod.getMetadata().getName())
        .withUid(pod.getMetadata().getUid())
        .endBoundObjectRef()
        .endSpec()
        .build();
  }

  @Override
  public void close() throws IOException {
    pods.close();
    pool.shutdownNow();
  }
}

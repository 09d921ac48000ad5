package io.evaljob.operator.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * What kwok cannot play of the pods of the Score stage: each reports its rows to the operator, with
 * a token bound to it, and ends when they are stored and a second is over.
 */
final class FakeRunners implements AutoCloseable {

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
  private final URI endpoint;
  private final HttpClient http = trusting();
  private final ScheduledExecutorService pool = Executors.newScheduledThreadPool(16);
  private final Set<String> begun = ConcurrentHashMap.newKeySet();
  private final AtomicInteger again = new AtomicInteger();
  private final SharedIndexInformer<Pod> pods;

  /** Plays every pod that comes, until it is closed. */
  FakeRunners(KubernetesClient client, URI endpoint) {
    this.client = client;
    this.endpoint = endpoint.resolve("/v1/report");
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
    HttpRequest request =
        HttpRequest.newBuilder(endpoint)
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    BODY.replace("THE-UID", pod.getMetadata().getUid()), UTF_8))
            .build();
    var unused =
        http.sendAsync(request, HttpResponse.BodyHandlers.ofString())
            .whenComplete(
                (answer, failure) -> {
                  if (failure == null && answer.statusCode() == 200) {
                    long left = TimeUnit.SECONDS.toNanos(1) - (System.nanoTime() - began);
                    later(() -> end(pod), Duration.ofNanos(Math.max(0, left)));
                  } else if (!pool.isShutdown()) {
                    if (again.incrementAndGet() % 100 == 1) {
                      System.out.println(
                          "a report was not taken: "
                              + (failure == null
                                  ? answer.statusCode() + " " + answer.body()
                                  : failure));
                    }
                    later(() -> report(pod, token, began), Duration.ofSeconds(1));
                  }
                });
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

  /** Whom it talks to is not what is measured. */
  private static HttpClient trusting() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new TrustAll()}, null);
      return HttpClient.newBuilder().sslContext(context).build();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    pods.close();
    pool.shutdownNow();
  }

  private static final class TrustAll extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}

package io.evaljob.operator.leader;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.time.Clock;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/**
 * Stands in the client, before every request of a replica: what changes something is sent only
 * while the lease is surely this replica's, whatever a reconcile in flight believes.
 *
 * <p>It must be the interceptor of a client whose writes are not tried again below it: the client
 * library loses what an interceptor throws on a second try, and its caller would wait for ever.
 */
public final class Fence implements Leadership, Interceptor {

  /** What standbys write too: their bid for the lease, the common authority, questions. */
  private static final Pattern EVERYBODYS =
      Pattern.compile(
          ".*/(?:api/v1|apis/[^/]+/[^/]+)(?:/namespaces/[^/]+)?"
              + "/(?:leases|secrets|tokenreviews)(?:/[^/]+)?");

  private final Clock clock;
  private final LongSupplier nanos;
  private Optional<Moment> end = Optional.empty();
  private boolean retired;

  /**
   * A closed fence.
   *
   * @param clock the wall clock
   * @param nanos a monotonic clock, in nanoseconds
   */
  public Fence(Clock clock, LongSupplier nanos) {
    this.clock = clock;
    this.nanos = nanos;
  }

  /**
   * The same client with its writes tried once; whoever needs them tries again, and finds the fence
   * closed where it is.
   */
  public static KubernetesClient singleTry(KubernetesClient client) {
    return singleTry(client, client.getConfiguration().getRequestTimeout());
  }

  static KubernetesClient singleTry(KubernetesClient client, int patienceMillis) {
    return client
        .newClient(
            new RequestConfigBuilder(client.getConfiguration().getRequestConfig())
                .withRequestRetryBackoffLimit(0)
                .withRequestTimeout(patienceMillis)
                .build())
        .adapt(KubernetesClient.class);
  }

  @Override
  public synchronized boolean held() {
    return end.filter(moment -> now().isSurelyBefore(moment)).isPresent();
  }

  @Override
  public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
    if (!request.method().equals("GET")
        && !EVERYBODYS.matcher(request.uri().getPath()).matches()
        && !held()) {
      throw new NotLeading(request.method() + " " + request.uri().getPath());
    }
  }

  Moment now() {
    return new Moment(nanos.getAsLong(), clock.instant());
  }

  /** Lets writes pass until then, unless the fence was closed for good. */
  synchronized void openUntil(Moment moment) {
    end = retired ? Optional.empty() : Optional.of(moment);
  }

  /** Lets no write pass until it is opened again. */
  synchronized void close() {
    end = Optional.empty();
  }

  /** Lets no write pass any more. */
  synchronized void closeForGood() {
    retired = true;
    close();
  }
}

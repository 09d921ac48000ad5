package io.evaljob.operator.scenario;

import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Sees the requests of one operator, and can cut it off from writing after a number of writes. */
public final class RequestTap implements Interceptor {

  private volatile int writesAllowed;
  private final AtomicInteger writes = new AtomicInteger();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch cutOff = new CountDownLatch(1);

  private RequestTap(int writesAllowed) {
    this.writesAllowed = writesAllowed;
  }

  public static RequestTap open() {
    return new RequestTap(Integer.MAX_VALUE);
  }

  /** Writes after the first {@code allowed} fail as if the operator had been killed there. */
  public static RequestTap cuttingAfter(int allowed) {
    return new RequestTap(allowed);
  }

  /** Every write from now on fails. */
  public void cut() {
    writesAllowed = 0;
  }

  @Override
  public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
    if (request.method().equals("GET")) {
      return;
    }
    if (writes.incrementAndGet() > writesAllowed) {
      cutOff.countDown();
      throw new IllegalStateException("the operator was killed before this write");
    }
    requests.add(request.method() + " " + request.uri().getPath());
  }

  /** Writes so far: method and path. */
  public List<String> writes() {
    return List.copyOf(requests);
  }

  /** Opens when a write was refused. */
  public CountDownLatch cutOff() {
    return cutOff;
  }
}

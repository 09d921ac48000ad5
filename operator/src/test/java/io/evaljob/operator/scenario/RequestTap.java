package io.evaljob.operator.scenario;

import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Sees the requests of one operator, and can cut it off from writing after a number of writes. */
public final class RequestTap implements Interceptor {

  private static final Pattern WRITE =
      Pattern.compile("([A-Z]+) /apis?(?:/[^/]+)?/v[^/]+(?:/namespaces/[^/]+)?/([a-z]+).*");

  private static final Pattern NAMESPACE = Pattern.compile("/namespaces/([^/]+)/");

  private final List<String> requests = new ArrayList<>();
  private final CountDownLatch cutOff = new CountDownLatch(1);
  private final Map<String, Budget> budgets = new HashMap<>();
  private Consumer<String> interference = path -> {};
  private int writes;
  private int writesAllowed;

  private RequestTap(int writesAllowed) {
    this.writesAllowed = writesAllowed;
  }

  public static RequestTap open() {
    return new RequestTap(Integer.MAX_VALUE);
  }

  /** What an operator may still write in one namespace. */
  private static final class Budget {
    private final CountDownLatch cutOff = new CountDownLatch(1);
    private int left;
  }

  /** Does something before each request that matches, and before it is sent. */
  public synchronized void before(Predicate<String> request, Runnable what) {
    interference =
        path -> {
          if (request.test(path)) {
            what.run();
          }
        };
  }

  /** Writes after the first {@code allowed} fail as if the operator had been killed there. */
  public static RequestTap cuttingAfter(int allowed) {
    return new RequestTap(allowed);
  }

  /** Every write from now on fails. */
  public void cut() {
    cutAfter(0);
  }

  /** So many more writes succeed. */
  public synchronized void cutAfter(int more) {
    writesAllowed = writes + more;
  }

  /**
   * In one namespace so many more writes succeed; elsewhere nothing changes.
   *
   * @param namespace its name, empty for objects that have none
   */
  public synchronized void cutAfter(int more, String namespace) {
    Budget budget = new Budget();
    budget.left = more;
    budgets.put(namespace, budget);
  }

  /** Opens when a write was refused in a namespace with a limit. */
  public synchronized CountDownLatch cutOff(String namespace) {
    return budgets.get(namespace).cutOff;
  }

  @Override
  public synchronized void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
    boolean read = request.method().equals("GET");
    if (!read && ++writes > writesAllowed) {
      cutOff.countDown();
      throw new IllegalStateException("the operator was killed before this write");
    }
    Budget budget = read ? null : budgets.get(namespaceOf(request.uri().getPath()));
    if (budget != null && --budget.left < 0) {
      budget.cutOff.countDown();
      throw new IllegalStateException("the operator was killed before this write");
    }
    String told = request.method() + " " + request.uri().getPath();
    interference.accept(told);
    requests.add(told);
  }

  private static String namespaceOf(String path) {
    Matcher matcher = NAMESPACE.matcher(path);
    return matcher.find() ? matcher.group(1) : "";
  }

  /** Requests so far, reads and watches too: method and path. */
  public synchronized List<String> requests() {
    return List.copyOf(requests);
  }

  /** Writes so far: method and path. */
  public List<String> writes() {
    return requests().stream().filter(request -> !request.startsWith("GET ")).toList();
  }

  /** Writes so far in one namespace, or of objects that have none where it is empty. */
  public List<String> writes(String namespace) {
    return writes().stream()
        .filter(write -> namespaceOf(write.substring(write.indexOf(' ') + 1)).equals(namespace))
        .toList();
  }

  /** What was written, without names: {@code POST jobs}, {@code PUT evaljobs/status}. */
  public Set<String> kindsOfWrites() {
    return writes().stream().map(RequestTap::kind).collect(Collectors.toCollection(TreeSet::new));
  }

  private static String kind(String write) {
    Matcher parts = WRITE.matcher(write);
    return parts.matches()
        ? parts.group(1) + " " + parts.group(2) + (write.endsWith("/status") ? "/status" : "")
        : write;
  }

  /** Opens when a write was refused. */
  public CountDownLatch cutOff() {
    return cutOff;
  }
}

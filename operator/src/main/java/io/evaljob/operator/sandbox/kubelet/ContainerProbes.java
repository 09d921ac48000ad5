package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Asks a running container again and again whether it has started, is ready and is alive, by HTTP
 * or by a TCP connection; ended by an interrupt.
 */
final class ContainerProbes implements Runnable {

  /** Told what the probes find. */
  interface Listener {

    /** Whether the container counts as started and ready has changed. */
    void changed(boolean started, boolean ready);

    /** One probe failed. */
    void failed(String message);

    /** The container shall be ended. */
    void dead(String message);
  }

  private static final int DEFAULT_PERIOD = 10;
  private static final int DEFAULT_FAILURES = 3;
  private static final int REDIRECTS_END = 400;

  /** One probe and how it went so far. */
  private static final class Check {
    private final String name;
    private final Probe probe;
    private long next;
    private int successes;
    private int failures;

    Check(String name, Probe probe) {
      this.name = name;
      this.probe = probe;
      this.next =
          System.nanoTime() + TimeUnit.SECONDS.toNanos(or(probe.getInitialDelaySeconds(), 0));
    }

    /** True when it now has succeeded often enough. */
    boolean passed() {
      failures = 0;
      return ++successes >= or(probe.getSuccessThreshold(), 1);
    }

    /** True when it now has failed too often. */
    boolean missed() {
      successes = 0;
      return ++failures >= or(probe.getFailureThreshold(), DEFAULT_FAILURES);
    }

    void again() {
      next =
          System.nanoTime()
              + TimeUnit.SECONDS.toNanos(or(probe.getPeriodSeconds(), DEFAULT_PERIOD));
    }
  }

  private final Container container;
  private final String address;
  private final Listener listener;
  private final Optional<Probe> startup;
  private boolean started;
  private boolean ready;

  ContainerProbes(Container container, String address, Listener listener) {
    this.container = container;
    this.address = address;
    this.listener = listener;
    this.startup = Optional.ofNullable(container.getStartupProbe());
  }

  /** True when the container has any probe. */
  static boolean areAskedFor(Container container) {
    return container.getStartupProbe() != null
        || container.getReadinessProbe() != null
        || container.getLivenessProbe() != null;
  }

  @Override
  public void run() {
    try {
      if (startup.isPresent() && !hasStarted(new Check("Startup", startup.get()))) {
        return;
      }
      started = true;
      ready = container.getReadinessProbe() == null;
      listener.changed(true, ready);
      List<Check> checks = new ArrayList<>();
      if (container.getReadinessProbe() != null) {
        checks.add(new Check("Readiness", container.getReadinessProbe()));
      }
      if (container.getLivenessProbe() != null) {
        checks.add(new Check("Liveness", container.getLivenessProbe()));
      }
      boolean alive = true;
      while (alive && !checks.isEmpty()) {
        Check due = checks.get(0);
        for (Check check : checks) {
          due = check.next - due.next < 0 ? check : due;
        }
        await(due);
        alive = due.name.equals("Liveness") ? lives(due) : readies(due);
        due.again();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean hasStarted(Check check) throws InterruptedException {
    while (true) {
      await(check);
      Optional<String> problem = ask(check.probe);
      if (problem.isEmpty() && check.passed()) {
        return true;
      }
      if (problem.isPresent() && isDead(check, problem.get())) {
        return false;
      }
      check.again();
    }
  }

  private boolean lives(Check check) {
    Optional<String> problem = ask(check.probe);
    if (problem.isEmpty()) {
      check.passed();
      return true;
    }
    return !isDead(check, problem.get());
  }

  private boolean isDead(Check check, String problem) {
    listener.failed(check.name + " probe failed: " + problem);
    if (!check.missed()) {
      return false;
    }
    listener.dead(
        "Container %s failed %s probe, will be restarted if its restartPolicy says so"
            .formatted(container.getName(), check.name.toLowerCase(Locale.ROOT)));
    return true;
  }

  private boolean readies(Check check) {
    Optional<String> problem = ask(check.probe);
    boolean now = ready;
    if (problem.isEmpty()) {
      now |= check.passed();
    } else {
      if (ready) {
        listener.failed(check.name + " probe failed: " + problem.get());
      }
      now &= !check.missed();
    }
    if (now != ready) {
      ready = now;
      listener.changed(started, ready);
    }
    return true;
  }

  private static void await(Check check) throws InterruptedException {
    long left = check.next - System.nanoTime();
    if (left > 0) {
      TimeUnit.NANOSECONDS.sleep(left);
    }
    if (Thread.interrupted()) {
      throw new InterruptedException("the container has ended");
    }
  }

  /** Empty when the container answers as it should. */
  private Optional<String> ask(Probe probe) {
    int timeout = (int) TimeUnit.SECONDS.toMillis(or(probe.getTimeoutSeconds(), 1));
    try {
      if (probe.getHttpGet() != null) {
        return get(probe.getHttpGet(), timeout);
      }
      try (Socket socket = new Socket()) {
        socket.connect(
            new InetSocketAddress(address, port(probe.getTcpSocket().getPort())), timeout);
      }
      return Optional.empty();
    } catch (IOException | RuntimeException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private Optional<String> get(HTTPGetAction action, int timeout) throws IOException {
    String path = action.getPath() == null ? "/" : action.getPath();
    String host = action.getHost() == null ? address : action.getHost();
    URI uri = URI.create("http://" + host + ":" + port(action.getPort()) + path);
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
    try {
      connection.setConnectTimeout(timeout);
      connection.setReadTimeout(timeout);
      connection.setInstanceFollowRedirects(false);
      action
          .getHttpHeaders()
          .forEach(header -> connection.setRequestProperty(header.getName(), header.getValue()));
      int code = connection.getResponseCode();
      return code >= HttpURLConnection.HTTP_OK && code < REDIRECTS_END
          ? Optional.empty()
          : Optional.of("HTTP probe failed with statuscode: " + code);
    } finally {
      connection.disconnect();
    }
  }

  private int port(IntOrString given) {
    if (given.getIntVal() != null) {
      return given.getIntVal();
    }
    return container.getPorts().stream()
        .filter(port -> given.getStrVal().equals(port.getName()))
        .mapToInt(ContainerPort::getContainerPort)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no port is named " + given.getStrVal()));
  }

  private static int or(Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }
}

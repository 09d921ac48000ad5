package io.evaljob.operator.testbed.node;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A Service on a loopback port: each connection goes to the next of its ready pods, as a service
 * proxy would send it. With no ready pod a connection is closed.
 *
 * <p>It looks at the pods themselves: the API server refuses endpoints in the loopback range.
 */
public final class ServiceProxy implements AutoCloseable {

  private static final int CONNECT_MILLIS = 1_000;
  private static final int BUFFER = 16 * 1024;

  private final Supplier<List<InetSocketAddress>> ready;
  private final Runnable end;
  private final ServerSocket listener;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger turn = new AtomicInteger();

  private ServiceProxy(
      Supplier<List<InetSocketAddress>> ready, Runnable end, ServerSocket listener) {
    this.ready = ready;
    this.end = end;
    this.listener = listener;
  }

  /** Stands for the first port of a Service. */
  public static ServiceProxy start(KubernetesClient client, String namespace, String name) {
    Service service = client.services().inNamespace(namespace).withName(name).get();
    ServicePort port = service.getSpec().getPorts().get(0);
    SharedIndexInformer<Pod> pods =
        client.pods().inNamespace(namespace).withLabels(service.getSpec().getSelector()).inform();
    return start(() -> ready(port, pods.getStore().list()), pods::close);
  }

  /**
   * Stands for a Service without a cluster.
   *
   * @param ready where its pods listen, asked at each connection
   */
  public static ServiceProxy to(Supplier<List<InetSocketAddress>> ready) {
    return start(ready, () -> {});
  }

  private static ServiceProxy start(Supplier<List<InetSocketAddress>> ready, Runnable end) {
    try {
      ServiceProxy proxy =
          new ServiceProxy(ready, end, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
      daemon(proxy::accept, "service");
      return proxy;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The port on the loopback address. */
  public int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket from = listener.accept();
        daemon(() -> connect(from), "service-connection");
      } catch (IOException e) {
        return; // Closed.
      }
    }
  }

  private void connect(Socket from) {
    open.add(from);
    try (from;
        Socket to = dial()) {
      open.add(to);
      Thread back = daemon(() -> copy(to, from), "service-answer");
      copy(from, to);
      back.join();
      open.remove(to);
    } catch (IOException e) {
      // The connection ends, as it would without endpoints.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(from);
    }
  }

  private Socket dial() throws IOException {
    List<InetSocketAddress> addresses = ready.get();
    for (int i = 0; i < addresses.size(); i++) {
      Socket socket = new Socket();
      try {
        socket.connect(
            addresses.get(Math.floorMod(turn.getAndIncrement(), addresses.size())), CONNECT_MILLIS);
        return socket;
      } catch (IOException e) {
        socket.close();
      }
    }
    throw new IOException("no pod is ready");
  }

  private static List<InetSocketAddress> ready(ServicePort port, List<Pod> pods) {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (Pod pod : pods) {
      boolean ready =
          pod.getMetadata().getDeletionTimestamp() == null
              && pod.getStatus().getConditions().stream()
                  .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
      OptionalInt target = target(port, pod);
      if (ready && target.isPresent()) {
        addresses.add(new InetSocketAddress(pod.getStatus().getPodIP(), target.getAsInt()));
      }
    }
    addresses.sort(Comparator.comparing(InetSocketAddress::toString));
    return addresses;
  }

  private static OptionalInt target(ServicePort port, Pod pod) {
    IntOrString target = port.getTargetPort();
    if (target.getIntVal() != null) {
      return OptionalInt.of(target.getIntVal());
    }
    return pod.getSpec().getContainers().stream()
        .flatMap(container -> container.getPorts().stream())
        .filter(one -> target.getStrVal().equals(one.getName()))
        .mapToInt(ContainerPort::getContainerPort)
        .findFirst();
  }

  private static void copy(Socket from, Socket to) {
    try {
      InputStream in = from.getInputStream();
      byte[] buffer = new byte[BUFFER];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        to.getOutputStream().write(buffer, 0, n);
      }
      to.shutdownOutput();
    } catch (IOException e) {
      close(from);
      close(to);
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // Nothing more can be done about it.
    }
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    open.forEach(ServiceProxy::close);
    end.run();
  }
}

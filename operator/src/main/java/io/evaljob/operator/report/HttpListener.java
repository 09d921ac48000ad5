package io.evaljob.operator.report;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP/1.1 server for callers that are not trusted: one request a connection, bounded
 * threads, connections and sizes, and one deadline for handshake, head and body together. The JDK's
 * server has one only per process, and lets a client that is slow in its handshake keep a thread.
 * Vert.x's cannot count connections in their handshake, nor stop reading after one request
 * (decision 8).
 */
final class HttpListener implements Closeable {
  private static final Logger LOGGER = LoggerFactory.getLogger(HttpListener.class);

  /** Answers a request; the stage may complete later, and no thread waits for it. */
  interface Handler {
    CompletionStage<HttpAnswer> handle(HttpRequest request) throws HttpRefusal;
  }

  /**
   * Bounds of a listener.
   *
   * @param threads requests read and handled at the same time
   * @param connections connections open at the same time, those that wait for an answer included
   * @param connectionsPerAddress the same from one address
   * @param requestTime from the first look at a connection to the last byte of its request
   * @param maxBody bytes of a body
   */
  record Limits(
      int threads, int connections, int connectionsPerAddress, Duration requestTime, int maxBody) {}

  private final ServerSocket server;
  private final Optional<SSLSocketFactory> tls;
  private final Limits limits;
  private final Handler handler;
  private final ThreadPoolExecutor workers;
  private final ScheduledThreadPoolExecutor deadlines;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Map<InetAddress, Integer> openByAddress = new ConcurrentHashMap<>();

  /**
   * Binds and starts answering.
   *
   * @param name prefix of thread names
   * @param address port 0 picks a free one
   * @param tls empty for plain HTTP
   */
  HttpListener(
      String name,
      InetSocketAddress address,
      Optional<SSLSocketFactory> tls,
      Limits limits,
      Handler handler)
      throws IOException {
    this.tls = tls;
    this.limits = limits;
    this.handler = handler;
    this.server = new ServerSocket();
    try {
      server.setReuseAddress(true);
      server.bind(address, 128);
    } catch (IOException e) {
      server.close();
      throw new IOException("cannot listen on " + address + ": " + e.getMessage(), e);
    }
    this.workers =
        new ThreadPoolExecutor(
            limits.threads(),
            limits.threads(),
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(limits.connections()),
            threads(name));
    workers.allowCoreThreadTimeOut(true);
    this.deadlines = new ScheduledThreadPoolExecutor(1, threads(name + "-deadline"));
    deadlines.setRemoveOnCancelPolicy(true);
    threads(name + "-accept").newThread(this::acceptAll).start();
  }

  int port() {
    return server.getLocalPort();
  }

  private void acceptAll() {
    while (!server.isClosed()) {
      try {
        accept(server.accept());
      } catch (IOException e) {
        if (!server.isClosed()) {
          LOGGER.debug("A connection was not accepted: {}", e.toString());
        }
      }
    }
  }

  private void accept(Socket socket) {
    boolean room =
        openByAddress.merge(socket.getInetAddress(), 1, Integer::sum)
            <= limits.connectionsPerAddress();
    open.add(socket);
    if (!room || open.size() > limits.connections()) {
      // There is no cheap way to say 503 before the handshake; the client sees a closed connection
      // and tries again.
      close(socket);
      return;
    }
    try {
      workers.execute(() -> serve(socket));
    } catch (RejectedExecutionException e) {
      close(socket);
    }
  }

  private void serve(Socket plain) {
    boolean answerFollows = false;
    try {
      answerFollows = receive(plain);
    } catch (IOException | RejectedExecutionException e) {
      LOGGER.debug("A connection ended before its request: {}", e.toString());
    } finally {
      // Whatever was thrown: a connection that nobody looks at any more would count for ever.
      if (!answerFollows) {
        close(plain);
      }
    }
  }

  /** Reads a request and has it answered, and tells whether an answer to it follows. */
  private boolean receive(Socket plain) throws IOException {
    Socket socket;
    Optional<HttpRequest> request;
    // Counted from here: a connection that waited for a thread is not to blame for the wait.
    Future<?> deadline = closeLater(plain);
    try {
      socket = secured(plain);
      request = read(plain, socket);
    } finally {
      deadline.cancel(false);
    }
    if (request.isEmpty()) {
      return false;
    }
    answer(request.get())
        .whenCompleteAsync((done, failure) -> reply(plain, socket, done, failure), workers)
        .whenComplete((done, failure) -> close(plain));
    return true;
  }

  /** The request, or nothing after a refusal was written. */
  private Optional<HttpRequest> read(Socket plain, Socket socket) throws IOException {
    try {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      return Optional.of(new HttpReader(in, limits.maxBody(), plain.getInetAddress()).read());
    } catch (HttpRefusal refusal) {
      HttpWriter.write(socket.getOutputStream(), refusal.answer());
      drain(plain, socket);
      return Optional.empty();
    }
  }

  private Socket secured(Socket plain) throws IOException {
    plain.setTcpNoDelay(true);
    plain.setSoTimeout(Math.toIntExact(limits.requestTime().toMillis()));
    if (tls.isEmpty()) {
      return plain;
    }
    SSLSocket socket = (SSLSocket) tls.get().createSocket(plain, null, plain.getPort(), true);
    socket.setUseClientMode(false);
    socket.startHandshake();
    return socket;
  }

  private CompletionStage<HttpAnswer> answer(HttpRequest request) {
    try {
      return handler.handle(request);
    } catch (HttpRefusal refusal) {
      return CompletableFuture.completedFuture(refusal.answer());
    } catch (RuntimeException | Error e) {
      // An error too: a stack that overflows over what a client sent is the client's to hear of.
      return CompletableFuture.failedFuture(e);
    }
  }

  private void reply(Socket plain, Socket socket, HttpAnswer done, Throwable failure) {
    HttpAnswer answer = done;
    if (failure != null) {
      Throwable cause =
          failure instanceof CompletionException && failure.getCause() != null
              ? failure.getCause()
              : failure;
      if (cause instanceof HttpRefusal refusal) {
        answer = refusal.answer();
      } else {
        LOGGER.warn("A request failed", cause);
        answer = HttpAnswer.error(500, "the operator failed to handle the request; see its log");
      }
    }
    Future<?> deadline = closeLater(plain);
    try {
      HttpWriter.write(socket.getOutputStream(), answer);
      socket.close();
    } catch (IOException e) {
      LOGGER.debug("An answer was not taken: {}", e.toString());
    } finally {
      deadline.cancel(false);
    }
  }

  /**
   * Closing with unread bytes makes the kernel reset the connection, and the client may lose the
   * answer (a body that was refused for its size). So our side ends first, and what is on its way
   * is read for a moment.
   */
  private void drain(Socket plain, Socket socket) throws IOException {
    Future<?> deadline = deadlines.schedule(() -> close(plain), 1, TimeUnit.SECONDS);
    try {
      socket.shutdownOutput();
      byte[] rest = new byte[4096];
      while (socket.getInputStream().read(rest) >= 0) {
        // Thrown away.
      }
    } finally {
      deadline.cancel(false);
    }
  }

  private Future<?> closeLater(Socket socket) {
    return deadlines.schedule(
        () -> close(socket), limits.requestTime().toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Closes the plain socket: unlike closing the TLS one it never waits for a writer. */
  private void close(Socket socket) {
    if (open.remove(socket)) {
      openByAddress.computeIfPresent(
          socket.getInetAddress(), (address, count) -> count > 1 ? count - 1 : null);
    }
    try {
      socket.close();
    } catch (IOException ignored) {
      // Nothing is left to release.
    }
  }

  private static ThreadFactory threads(String name) {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Stops accepting, lets answers that are being written go out for a moment, then closes all. */
  @Override
  public void close() throws IOException {
    server.close();
    workers.shutdown();
    try {
      if (!workers.awaitTermination(1, TimeUnit.SECONDS)) {
        workers.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    deadlines.shutdownNow();
    for (Socket socket : open) {
      close(socket);
    }
  }
}

package io.evaljob.operator.report;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A client of one connection that says what a test wants, and need not speak HTTP. */
final class RawClient implements Closeable {
  /** Far beyond what anything here takes: it only ends a test that would hang. */
  static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final int PACE_MILLIS = 10;

  private final Socket plain;
  private Socket socket;

  private RawClient(Socket connected) throws IOException {
    plain = connected;
    socket = connected;
    plain.setTcpNoDelay(true);
    plain.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
  }

  static RawClient connect(int port) throws IOException {
    return new RawClient(new Socket(InetAddress.getLoopbackAddress(), port));
  }

  /** Connects from another address of the loopback network. */
  static RawClient connectFrom(String address, int port) throws IOException {
    return new RawClient(
        new Socket(InetAddress.getLoopbackAddress(), port, InetAddress.getByName(address), 0));
  }

  /** Has next to no room for what it does not read, so that the server has to wait. */
  static RawClient connectNarrow(int port) throws IOException {
    Socket narrow = new Socket();
    narrow.setReceiveBufferSize(4096);
    narrow.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    return new RawClient(narrow);
  }

  /** Goes on over TLS. */
  RawClient secure(SSLContext context) throws IOException {
    SSLSocket secured =
        (SSLSocket)
            context.getSocketFactory().createSocket(plain, "127.0.0.1", plain.getPort(), true);
    socket = secured;
    secured.startHandshake();
    return this;
  }

  RawClient send(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    return this;
  }

  /** Says that nothing more comes, and still listens. */
  RawClient halfClose() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  /** Goes away as a process does that is killed with data in its buffers. */
  void reset() throws IOException {
    plain.setSoLinger(true, 0);
    plain.close();
  }

  /** The first byte of an answer. */
  char first() throws IOException {
    return (char) socket.getInputStream().read();
  }

  /** What the server said until it ended the connection, in whatever way it did. */
  String untilEnd() throws IOException {
    StringBuilder said = new StringBuilder();
    while (!hear(said)) {
      // Goes on until the end.
    }
    return said.toString();
  }

  /**
   * Sends the text again and again, a little later each time, until the server ends the connection.
   *
   * @return what the server said
   */
  String repeatUntilEnd(String text) throws IOException {
    StringBuilder said = new StringBuilder();
    plain.setSoTimeout(PACE_MILLIS);
    long start = System.nanoTime();
    while (System.nanoTime() - start < PATIENCE.toNanos()) {
      try {
        send(text);
      } catch (SocketTimeoutException e) {
        throw e;
      } catch (IOException e) {
        return said.toString();
      }
      try {
        if (hear(said)) {
          return said.toString();
        }
      } catch (SocketTimeoutException e) {
        // Nothing was said: that is the pace.
      }
    }
    throw new AssertionError("the server still listens");
  }

  /** Reads once, and tells whether that was the end. */
  private boolean hear(StringBuilder said) throws IOException {
    byte[] some = new byte[8192];
    try {
      int count = socket.getInputStream().read(some);
      if (count > 0) {
        said.append(new String(some, 0, count, StandardCharsets.ISO_8859_1));
      }
      return count < 0;
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      // Reset, or TLS that ended without a goodbye.
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    plain.close();
  }
}

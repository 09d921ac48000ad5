package io.evaljob.operator.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Connections of runners to the report endpoint, each from an address of its choice, which the
 * JDK's own client cannot do before JDK 19.
 */
final class RunnerConnections {

  private static final int PATIENCE_MILLIS = 60_000;

  private final InetSocketAddress endpoint;
  private final SSLSocketFactory tls = trusting();

  RunnerConnections(int port) {
    endpoint = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** Sends one report and returns the status of its answer. */
  int post(InetAddress from, String token, String body) throws IOException {
    try (Socket plain = new Socket()) {
      plain.bind(new InetSocketAddress(from, 0));
      plain.connect(endpoint, PATIENCE_MILLIS);
      plain.setSoTimeout(PATIENCE_MILLIS);
      try (Socket socket = tls.createSocket(plain, "localhost", endpoint.getPort(), true)) {
        byte[] bytes = body.getBytes(UTF_8);
        String head =
            "POST /v1/report HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                .formatted(token, bytes.length);
        socket.getOutputStream().write((head + body).getBytes(UTF_8));
        socket.getOutputStream().flush();
        String line =
            new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8)).readLine();
        if (line == null) {
          throw new SocketException("closed without an answer");
        }
        return Integer.parseInt(line.split(" ", -1)[1]);
      }
    }
  }

  /** Whom it talks to is not what is measured. */
  private static SSLSocketFactory trusting() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new TrustAll()}, null);
      return context.getSocketFactory();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final class TrustAll implements X509TrustManager {
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

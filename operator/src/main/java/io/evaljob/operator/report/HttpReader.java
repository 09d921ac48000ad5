package io.evaljob.operator.report;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Reads one HTTP/1.1 request with bounds on every part. Bodies need a Content-Length: chunked ones
 * are refused, because their size is not known before they are read.
 */
final class HttpReader {
  private static final int MAX_LINE = 8 * 1024;
  private static final int MAX_HEAD = 16 * 1024;
  private static final int MAX_HEADERS = 64;

  private final InputStream in;
  private final int maxBody;
  private final InetAddress from;
  private int headRead;

  HttpReader(InputStream in, int maxBody, InetAddress from) {
    this.in = in;
    this.from = from;
    this.maxBody = maxBody;
  }

  /**
   * Reads the request.
   *
   * @throws HttpRefusal when it is malformed or exceeds a bound
   * @throws IOException when the connection broke, or the client was too slow
   */
  HttpRequest read() throws IOException, HttpRefusal {
    String[] parts = line().split(" ", -1);
    if (parts.length != 3 || !parts[2].startsWith("HTTP/1.")) {
      throw new HttpRefusal(400, "the request line is not HTTP/1.1");
    }
    Map<String, String> headers = headers();
    if (headers.containsKey("transfer-encoding")) {
      throw new HttpRefusal(411, "chunked bodies are not taken; send Content-Length");
    }
    String body = body(parts[0], headers);
    String target = parts[1];
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    return new HttpRequest(parts[0], path, headers, body, from);
  }

  private Map<String, String> headers() throws IOException, HttpRefusal {
    Map<String, String> headers = new HashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon <= 0 || line.charAt(0) == ' ' || line.charAt(0) == '\t') {
        throw new HttpRefusal(400, "a header line has no name");
      }
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      String before = headers.put(name, line.substring(colon + 1).strip());
      if (before != null && (name.equals("content-length") || name.equals("authorization"))) {
        throw new HttpRefusal(400, "the header " + name + " is there twice");
      }
      if (headers.size() > MAX_HEADERS) {
        throw new HttpRefusal(431, "more than " + MAX_HEADERS + " headers");
      }
    }
    return headers;
  }

  private String body(String method, Map<String, String> headers) throws IOException, HttpRefusal {
    String length = headers.get("content-length");
    if (length == null) {
      if (method.equals("POST") || method.equals("PUT")) {
        throw new HttpRefusal(411, "Content-Length is missing");
      }
      return "";
    }
    if (!length.matches("[0-9]{1,18}")) {
      throw new HttpRefusal(400, "Content-Length is not a number");
    }
    if (Long.parseLong(length) > maxBody) {
      throw new HttpRefusal(413, "the body has more than " + maxBody + " bytes");
    }
    byte[] body = in.readNBytes(Integer.parseInt(length));
    if (body.length < Integer.parseInt(length)) {
      throw new EOFException("the body ended early");
    }
    return new String(body, StandardCharsets.UTF_8);
  }

  private String line() throws IOException, HttpRefusal {
    StringBuilder line = new StringBuilder(64);
    while (true) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException("the request ended early");
      }
      headRead++;
      if (line.length() > MAX_LINE) {
        throw new HttpRefusal(
            431, "the request head has a line of more than " + MAX_LINE + " bytes");
      }
      if (headRead > MAX_HEAD) {
        throw new HttpRefusal(431, "the request head has more than " + MAX_HEAD + " bytes");
      }
      if (next == '\n') {
        int end = line.length();
        return end > 0 && line.charAt(end - 1) == '\r'
            ? line.substring(0, end - 1)
            : line.toString();
      }
      if (next < 0x20 && next != '\r' && next != '\t') {
        throw new HttpRefusal(400, "the request head has a control character");
      }
      line.append((char) next);
    }
  }
}

package io.evaljob.operator.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Writes one HTTP/1.1 answer, after which the connection ends. */
final class HttpWriter {
  private static final Map<Integer, String> PHRASES =
      Map.ofEntries(
          Map.entry(200, "OK"),
          Map.entry(202, "Accepted"),
          Map.entry(400, "Bad Request"),
          Map.entry(401, "Unauthorized"),
          Map.entry(403, "Forbidden"),
          Map.entry(404, "Not Found"),
          Map.entry(405, "Method Not Allowed"),
          Map.entry(409, "Conflict"),
          Map.entry(411, "Length Required"),
          Map.entry(413, "Content Too Large"),
          Map.entry(415, "Unsupported Media Type"),
          Map.entry(429, "Too Many Requests"),
          Map.entry(431, "Request Header Fields Too Large"),
          Map.entry(500, "Internal Server Error"),
          Map.entry(503, "Service Unavailable"));

  private HttpWriter() {}

  static void write(OutputStream out, HttpAnswer answer) throws IOException {
    byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
    StringBuilder head = new StringBuilder(160);
    head.append("HTTP/1.1 ")
        .append(answer.status())
        .append(' ')
        .append(PHRASES.getOrDefault(answer.status(), "Status"))
        .append("\r\nContent-Type: ")
        .append(answer.contentType())
        .append("\r\nContent-Length: ")
        .append(body.length)
        .append("\r\nConnection: close\r\n");
    answer
        .headers()
        .forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    ByteArrayOutputStream whole = new ByteArrayOutputStream(head.length() + body.length + 2);
    whole.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    whole.write(body);
    whole.writeTo(out);
    out.flush();
  }
}

package io.evaljob.operator.scenario;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evaljob.operator.testbed.ControlPlane;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What the API server wrote down of the requests of the operator's account. */
final class AuditLog {

  private static final String ACCOUNT =
      "system:serviceaccount:"
          + ControlPlane.OPERATOR_NAMESPACE
          + ":"
          + ControlPlane.OPERATOR_ACCOUNT;
  private static final ObjectMapper JSON = new ObjectMapper();

  private AuditLog() {}

  /**
   * One request.
   *
   * @param what verb and resource, as {@code update evaljobs.evaljob.io/status}
   * @param namespace empty for all namespaces, and for what has none
   * @param userAgent who asked
   * @param allowed whether the account has the right
   */
  record Request(String what, String namespace, String userAgent, boolean allowed) {}

  /** Where the log ends now, in bytes. */
  static long length(ControlPlane plane) {
    try {
      return Files.size(plane.processes().auditLog());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What was asked and allowed since the log was so long, as {@link Request#what}. */
  static Set<String> since(long length, ControlPlane plane) {
    Set<String> kinds = new TreeSet<>();
    requests(length, plane).stream()
        .filter(Request::allowed)
        .map(Request::what)
        .forEach(kinds::add);
    return kinds;
  }

  /** Requests since the log was so long. */
  static List<Request> requests(long length, ControlPlane plane) {
    List<Request> requests = new ArrayList<>();
    for (String line : text(length, plane).lines().toList()) {
      // The last line may not be whole yet.
      if (line.endsWith("}")) {
        read(line, requests);
      }
    }
    return requests;
  }

  private static void read(String line, List<Request> requests) {
    try {
      JsonNode event = JSON.readTree(line);
      JsonNode object = event.path("objectRef");
      // The end of a watch comes in its own time, and its beginning counts.
      boolean first =
          event.path("verb").asText().equals("watch")
              == event.path("stage").asText().equals("ResponseStarted");
      if (!first || !event.at("/user/username").asText().equals(ACCOUNT) || object.isEmpty()) {
        return;
      }
      String group = object.path("apiGroup").asText("");
      String part = object.path("subresource").asText("");
      requests.add(
          new Request(
              event.path("verb").asText()
                  + " "
                  + object.path("resource").asText()
                  + (group.isEmpty() ? "" : "." + group)
                  + (part.isEmpty() ? "" : "/" + part),
              object.path("namespace").asText(""),
              event.path("userAgent").asText(),
              event
                  .path("annotations")
                  .path("authorization.k8s.io/decision")
                  .asText()
                  .equals("allow")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(long length, ControlPlane plane) {
    try (RandomAccessFile file = new RandomAccessFile(plane.processes().auditLog().toFile(), "r")) {
      file.seek(length);
      byte[] rest = new byte[(int) (file.length() - length)];
      file.readFully(rest);
      return new String(rest, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

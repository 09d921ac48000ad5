package io.evaljob.operator.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What the API server says it was asked by the operator, since a mark. */
final class AuditLog {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private long mark;

  AuditLog(Path file) {
    this.file = file;
  }

  /**
   * One request.
   *
   * @param verb as RBAC has it
   * @param resource with its subresource, {@code evaljobs/status}
   */
  record Request(String verb, String resource) {

    boolean isListOrWatch() {
      return verb.equals("list") || verb.equals("watch");
    }

    boolean isRead() {
      return verb.equals("get") || isListOrWatch();
    }

    /** The election and the authority are not of any EvalJob. */
    boolean isOfReplica() {
      return resource.equals("leases") || resource.equals("secrets") || resource.isEmpty();
    }
  }

  void mark() throws IOException {
    mark = Files.size(file);
  }

  /** Requests that ended since the mark, watches too. */
  List<Request> since() throws IOException {
    List<Request> requests = new ArrayList<>();
    try (var in = Files.newInputStream(file)) {
      in.skipNBytes(mark);
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
        if (!line.isEmpty()) {
          JsonNode entry = JSON.readTree(line);
          boolean ended = entry.path("stage").asText().equals("ResponseComplete");
          if (ended && entry.path("userAgent").asText().startsWith("evaljob-operator/")) {
            requests.add(request(entry));
          }
        }
      }
    }
    return requests;
  }

  /** The same by verb and resource, without what is a replica's own. */
  Map<String, Long> counted() throws IOException {
    return since().stream()
        .filter(request -> !request.isOfReplica())
        .collect(
            Collectors.groupingBy(
                request -> request.verb() + " " + request.resource(),
                TreeMap::new,
                Collectors.counting()));
  }

  private static Request request(JsonNode entry) {
    JsonNode object = entry.path("objectRef");
    String sub = object.path("subresource").asText();
    return new Request(
        entry.path("verb").asText(),
        object.path("resource").asText() + (sub.isEmpty() ? "" : "/" + sub));
  }
}

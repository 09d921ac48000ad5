package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.Headers;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.nio.charset.StandardCharsets;

/** Reads the bodies of requests, and completes them as an API server does before it stores them. */
final class RequestBodies {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Every namespace has its name as a label, so that selectors can name it. */
  private static final String NAME_LABEL = "kubernetes.io/metadata.name";

  private final Admission admission;

  /** Takes the defaults of group {@code evaljob.io} from {@code admission}. */
  RequestBodies(Admission admission) {
    this.admission = admission;
  }

  /** The object of a request, defaults and labels written in and texts of a Secret encoded. */
  ObjectNode object(RecordedRequest request) throws JsonProcessingException {
    return complete(request, read(request));
  }

  /** As {@link #object}, with the name that {@code generateName} asks for. */
  ObjectNode newObject(RecordedRequest request) throws JsonProcessingException {
    ObjectNode object = read(request);
    if (object.path("metadata") instanceof ObjectNode metadata
        && metadata.path("name").asText().isEmpty()
        && metadata.has("generateName")) {
      metadata.put("name", metadata.get("generateName").asText() + Suffix.random());
    }
    return complete(request, object);
  }

  private static ObjectNode read(RecordedRequest request) throws JsonProcessingException {
    if (JSON.readTree(request.getBody().readUtf8()) instanceof ObjectNode object) {
      return object;
    }
    throw new IllegalArgumentException("the body is not an object");
  }

  private ObjectNode complete(RecordedRequest request, ObjectNode object) {
    if (request.getPath().startsWith(DurableDispatcher.CUSTOM_ROOT)) {
      admission.applyDefaults(object);
    }
    switch (object.path("kind").asText()) {
      case "Secret" -> encode(object);
      case "Namespace" -> label(object);
      default -> {}
    }
    return object;
  }

  /** Moves {@code stringData} of a Secret into {@code data}, as an API server does. */
  private static void encode(ObjectNode secret) {
    if (secret.remove("stringData") instanceof ObjectNode texts) {
      ObjectNode data =
          secret.get("data") instanceof ObjectNode present ? present : secret.putObject("data");
      texts
          .properties()
          .forEach(
              text ->
                  data.put(
                      text.getKey(), text.getValue().asText().getBytes(StandardCharsets.UTF_8)));
    }
  }

  private static void label(ObjectNode namespace) {
    ObjectNode metadata = namespace.withObject("/metadata");
    metadata.withObject("/labels").put(NAME_LABEL, metadata.path("name").asText());
  }

  /** The options of a delete request, from its body and its query. */
  static Removal removal(RecordedRequest request) throws JsonProcessingException {
    String body = request.getBody() == null ? "" : request.getBody().readUtf8();
    ObjectNode options = JSON.createObjectNode();
    if (!body.isBlank() && JSON.readTree(body) instanceof ObjectNode given) {
      options.setAll(given);
    }
    String target = request.getPath();
    if (Selection.parameter(target, "propagationPolicy").equals("Foreground")) {
      options.put("propagationPolicy", "Foreground");
    }
    if (Selection.parameter(target, "gracePeriodSeconds").equals("0")) {
      options.put("gracePeriodSeconds", 0);
    }
    return Removal.of(options);
  }

  /** The same request with another body. */
  static RecordedRequest with(RecordedRequest request, JsonNode body) {
    return new RecordedRequest(
        request.getHttpVersion(),
        request.method(),
        request.getPath(),
        request.getHeaders(),
        buffer(body));
  }

  /** A request that nobody has sent: to make a namespace. */
  static RecordedRequest namespace(String name) {
    ObjectNode namespace = JSON.createObjectNode().put("apiVersion", "v1");
    namespace.put("kind", "Namespace");
    namespace.putObject("metadata").put("name", name);
    label(namespace);
    namespace.putObject("status").put("phase", "Active");
    return new RecordedRequest(
        "HTTP/1.1",
        HttpMethod.POST,
        "/api/v1/namespaces",
        Headers.builder().build(),
        buffer(namespace));
  }

  private static Buffer buffer(JsonNode body) {
    return new Buffer(body.toString().getBytes(StandardCharsets.UTF_8));
  }
}

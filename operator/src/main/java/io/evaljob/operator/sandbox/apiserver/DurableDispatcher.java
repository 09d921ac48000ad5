package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.api.model.StatusCauseBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.crud.AttributeSet;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.Headers;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * fabric8's CRUD dispatcher with what a cluster adds to it: objects on disk before the answer,
 * admission, pods that end before they go, foreground deletion, token reviews and a bearer token.
 *
 * <p>Beyond 300 lines because the base class ties request, lock and store together: every addition
 * hangs on one of its overridable methods.
 */
final class DurableDispatcher extends KubernetesCrudDispatcher {

  private static final Logger LOG = LoggerFactory.getLogger(DurableDispatcher.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CUSTOM_ROOT = "/apis/evaljob.io/";
  private static final String REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";

  /** The options of the delete request that this thread serves. */
  private static final ThreadLocal<Removal> REMOVAL = new ThreadLocal<>();

  /** What the request that this thread serves has stored. */
  private static final ThreadLocal<String> STORED = new ThreadLocal<>();

  private final ObjectLog log;
  private final Admission admission;
  private final PodTokens tokens;
  private final Clock clock;
  private final String authorization;
  private final Consumer<ObjectChange> listener;

  private boolean restoring;

  DurableDispatcher(
      List<CustomResourceDefinitionContext> customResources,
      ObjectLog log,
      Admission admission,
      PodTokens tokens,
      Clock clock,
      String bearerToken,
      Consumer<ObjectChange> listener) {
    super(customResources);
    this.log = log;
    this.admission = admission;
    this.tokens = tokens;
    this.clock = clock;
    this.authorization = "Bearer " + bearerToken;
    this.listener = listener;
    restore();
  }

  private void restore() {
    restoring = true;
    while (super.requestResourceVersion() < log.version()) {
      // The counter can only be moved on one by one.
    }
    log.objects()
        .forEach((url, object) -> processEvent(url, getKey(url), null, null, object.toString()));
    restoring = false;
  }

  @Override
  public MockResponse dispatch(RecordedRequest request) {
    String path = ObjectPath.withoutQuery(request.getPath());
    try {
      if (!authorization.equals(request.getHeader("Authorization"))) {
        return failure(401, "Unauthorized", "this API server is private to one process", List.of());
      }
      if (request.method() == HttpMethod.GET && path.equals("/version")) {
        return new MockResponse()
            .setResponseCode(200)
            .setBody("{\"major\":\"1\",\"minor\":\"34\",\"gitVersion\":\"v1.34.0-evaljob\"}");
      }
      if (request.method() == HttpMethod.POST && path.equals(REVIEWS)) {
        TokenReview asked =
            Serialization.unmarshal(request.getBody().readUtf8(), TokenReview.class);
        return new MockResponse()
            .setResponseCode(201)
            .setBody(Serialization.asJson(tokens.review(asked)));
      }
      return serve(request);
    } catch (AdmissionRejection e) {
      return failure(422, "Invalid", e.getMessage(), e.problems());
    } catch (JsonProcessingException e) {
      return failure(400, "BadRequest", "the body is not JSON: " + e.getMessage(), List.of());
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", request.getMethod(), request.getPath(), e);
      return failure(500, "InternalError", String.valueOf(e.getMessage()), List.of());
    } finally {
      REMOVAL.remove();
      STORED.remove();
    }
  }

  private MockResponse serve(RecordedRequest request) throws JsonProcessingException {
    return switch (request.method()) {
      case GET ->
          hasSetSelector(request.getPath())
              ? failure(400, "BadRequest", "set-based label selectors are not served", List.of())
              : withStatus(super.dispatch(request), request);
      case DELETE -> {
        REMOVAL.set(Removal.of(deleteOptions(request)));
        yield withStatus(super.dispatch(request), request);
      }
      case POST -> create(request);
      case PUT -> answer(super.dispatch(withBody(request, defaulted(request))), request);
      default -> answer(super.dispatch(request), request);
    };
  }

  private MockResponse create(RecordedRequest request) throws JsonProcessingException {
    ObjectNode object = defaulted(request);
    if (object.path("metadata") instanceof ObjectNode metadata
        && metadata.path("name").asText().isEmpty()
        && metadata.has("generateName")) {
      metadata.put("name", metadata.get("generateName").asText() + Suffix.random());
    }
    ObjectPath.parse(request.getPath())
        .filter(path -> !path.namespace().isEmpty())
        .ifPresent(path -> ensureNamespace(path.namespace()));
    return answer(super.dispatch(withBody(request, object)), request);
  }

  /** Makes a namespace that is named for the first time: on one machine nobody else would. */
  void ensureNamespace(String name) {
    String url = "/api/v1/namespaces/" + name;
    if (super.handleGet(url).code() == 404) {
      ObjectNode namespace = JSON.createObjectNode().put("apiVersion", "v1");
      namespace.put("kind", "Namespace");
      ObjectNode metadata = namespace.putObject("metadata").put("name", name);
      metadata.putObject("labels").put("kubernetes.io/metadata.name", name);
      namespace.putObject("status").put("phase", "Active");
      super.handleCreate(
          new RecordedRequest(
              "HTTP/1.1",
              HttpMethod.POST,
              "/api/v1/namespaces",
              Headers.builder().build(),
              new Buffer(namespace.toString().getBytes(StandardCharsets.UTF_8))));
      STORED.remove();
    }
  }

  private ObjectNode defaulted(RecordedRequest request) throws JsonProcessingException {
    JsonNode body = JSON.readTree(request.getBody().readUtf8());
    if (!(body instanceof ObjectNode object)) {
      throw new IllegalArgumentException("the body is not an object");
    }
    if (request.getPath().startsWith(CUSTOM_ROOT)) {
      admission.applyDefaults(object);
    }
    if (object.path("kind").asText().equals("Secret")) {
      encode(object);
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

  private static JsonNode deleteOptions(RecordedRequest request) throws JsonProcessingException {
    String body = request.getBody() == null ? "" : request.getBody().readUtf8();
    ObjectNode options = JSON.createObjectNode();
    if (!body.isBlank() && JSON.readTree(body) instanceof ObjectNode given) {
      options.setAll(given);
    }
    String target = request.getPath();
    if (target.contains("propagationPolicy=Foreground")) {
      options.put("propagationPolicy", "Foreground");
    }
    if (target.contains("gracePeriodSeconds=0")) {
      options.put("gracePeriodSeconds", 0);
    }
    return options;
  }

  private static boolean hasSetSelector(String target) {
    int query = target.indexOf("labelSelector=");
    return query >= 0 && (target.indexOf("%28", query) >= 0 || target.indexOf('(', query) >= 0);
  }

  private static RecordedRequest withBody(RecordedRequest request, JsonNode body) {
    return new RecordedRequest(
        request.getHttpVersion(),
        request.method(),
        request.getPath(),
        request.getHeaders(),
        new Buffer(body.toString().getBytes(StandardCharsets.UTF_8)));
  }

  /** The object as it was stored, defaults included, instead of as it was sent. */
  private MockResponse answer(MockResponse response, RecordedRequest request) {
    String object = STORED.get();
    if (object != null && response.code() < 300) {
      response.setBody(object);
    }
    return withStatus(response, request);
  }

  /** Gives failures the reason that Kubernetes gives them; the base class says Invalid to all. */
  private static MockResponse withStatus(MockResponse response, RecordedRequest request) {
    if (response.code() == 404) {
      return failure(404, "NotFound", request.getPath() + " not found", List.of());
    }
    if (response.code() == 409) {
      String body = response.getBody() == null ? "" : response.getBody().readUtf8();
      String message =
          Serialization.unmarshal(body, io.fabric8.kubernetes.api.model.Status.class).getMessage();
      boolean exists = message != null && message.endsWith("already exists");
      return failure(409, exists ? "AlreadyExists" : "Conflict", message, List.of());
    }
    return response;
  }

  private static MockResponse failure(
      int code, String reason, String message, List<String> causes) {
    List<StatusCause> details =
        causes.stream().map(cause -> new StatusCauseBuilder().withMessage(cause).build()).toList();
    return new MockResponse()
        .setResponseCode(code)
        .setHeader("Content-Type", "application/json")
        .setBody(
            Serialization.asJson(
                new StatusBuilder()
                    .withStatus("Failure")
                    .withCode(code)
                    .withReason(reason)
                    .withMessage(message)
                    .withNewDetails()
                    .withCauses(details)
                    .endDetails()
                    .build()));
  }

  /** Called by the base class for every change, under its write lock. */
  @Override
  public void processEvent(
      String path,
      AttributeSet pathAttributes,
      AttributeSet oldAttributes,
      GenericKubernetesResource resource,
      String newState) {
    if (restoring) {
      super.processEvent(path, pathAttributes, oldAttributes, resource, newState);
      return;
    }
    String before = oldAttributes == null ? null : map.get(oldAttributes);
    String after = newState;
    GenericKubernetesResource typed = resource;
    Removal asked = REMOVAL.get();
    if (asked != null && before != null) {
      JsonNode object = read(before);
      if (asked.meansAnother(object)) {
        return;
      }
      Optional<ObjectNode> kept = asked.keeps(ObjectPath.of(path, object), object, clock.instant());
      if (kept.isPresent()) {
        if (kept.get().equals(object)) {
          return;
        }
        touch(kept.get());
        after = kept.get().toString();
        typed = null;
      }
    }
    if (before == null && after != null) {
      ObjectNode object = (ObjectNode) read(after);
      // The base class counts UIDs from 1 in every process: they would come back after a restart.
      ((ObjectNode) object.get("metadata")).put("uid", UUID.randomUUID().toString());
      after = object.toString();
      typed = null;
    }
    if (after != null && path.startsWith(CUSTOM_ROOT)) {
      ObjectNode object = (ObjectNode) read(after);
      admission.applyDefaults(object);
      admit(object, before);
      after = object.toString();
      typed = null;
    }
    if (after == null ? before == null : before != null && read(after).equals(read(before))) {
      return;
    }
    keep(path, before, after);
    super.processEvent(path, pathAttributes, oldAttributes, typed, after);
    STORED.set(after);
    JsonNode object = read(after == null ? before : after);
    listener.accept(
        new ObjectChange(
            ObjectPath.of(path, object), after == null ? Optional.empty() : Optional.of(object)));
  }

  private void touch(ObjectNode object) {
    ((ObjectNode) object.get("metadata"))
        .put("resourceVersion", String.valueOf(requestResourceVersion()));
  }

  private void admit(ObjectNode object, String before) {
    List<String> problems =
        admission.problems(object, before == null ? Optional.empty() : Optional.of(read(before)));
    if (!problems.isEmpty()) {
      throw new AdmissionRejection(
          object.path("kind").asText(), object.path("metadata").path("name").asText(), problems);
    }
  }

  private void keep(String path, String before, String after) {
    JsonNode object = read(after == null ? before : after);
    String url = ObjectPath.of(path, object).url();
    if (after == null) {
      log.remove(url, requestResourceVersion());
    } else {
      log.put(url, object.path("metadata").path("resourceVersion").asLong(), object);
    }
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a stored object is not JSON", e);
    }
  }

  /** Every restored object, told to {@code visitor} as a change; once only. */
  void forEach(Consumer<ObjectChange> visitor) {
    log.objects()
        .forEach(
            (url, object) ->
                visitor.accept(new ObjectChange(ObjectPath.of(url, object), Optional.of(object))));
    log.forgetObjects();
  }
}

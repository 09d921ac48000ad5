package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.crud.AttributeSet;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * fabric8's CRUD dispatcher with what a cluster adds to it: objects on disk before the answer,
 * admission, pods that end before they go, foreground deletion, selectors, watches, token reviews
 * and a bearer token.
 */
final class DurableDispatcher extends KubernetesCrudDispatcher {

  private static final Logger LOG = LoggerFactory.getLogger(DurableDispatcher.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  static final String CUSTOM_ROOT = "/apis/evaljob.io/";
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
  private final RequestBodies bodies;
  private final Watches watches = new Watches();

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
    this.bodies = new RequestBodies(admission);
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
    watches.startAfter(log.version());
  }

  @Override
  public MockResponse dispatch(RecordedRequest request) {
    String path = ObjectPath.withoutQuery(request.getPath());
    try {
      if (!authorization.equals(request.getHeader("Authorization"))) {
        return Answers.failure(401, "Unauthorized", "this API server is private to one process");
      }
      if (request.method() == HttpMethod.GET && path.equals("/version")) {
        return Answers.json(
            200, "{\"major\":\"1\",\"minor\":\"34\",\"gitVersion\":\"v1.34.0-evaljob\"}");
      }
      if (request.method() == HttpMethod.POST && path.equals(REVIEWS)) {
        TokenReview asked =
            Serialization.unmarshal(request.getBody().readUtf8(), TokenReview.class);
        return Answers.json(201, Serialization.asJson(tokens.review(asked)));
      }
      return serve(request);
    } catch (AdmissionRejection e) {
      return Answers.failure(422, "Invalid", e.getMessage(), e.problems());
    } catch (SelectorException e) {
      return Answers.failure(400, "BadRequest", e.getMessage());
    } catch (JsonProcessingException e) {
      return Answers.failure(400, "BadRequest", "the body is not JSON: " + e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", request.getMethod(), request.getPath(), e);
      return Answers.failure(500, "InternalError", String.valueOf(e.getMessage()));
    } finally {
      REMOVAL.remove();
      STORED.remove();
    }
  }

  private MockResponse serve(RecordedRequest request) throws JsonProcessingException {
    return switch (request.method()) {
      case GET -> get(request);
      case DELETE -> delete(request);
      case POST -> create(request);
      case PUT ->
          answer(super.dispatch(RequestBodies.with(request, bodies.object(request))), request);
      default -> answer(super.dispatch(request), request);
    };
  }

  private MockResponse get(RecordedRequest request) {
    String target = request.getPath();
    Optional<ObjectPath> url = ObjectPath.parse(target);
    if (url.isEmpty()) {
      return Answers.withReason(super.dispatch(request), request);
    }
    Selection selection = Selection.of(url.get(), target);
    if (Selection.parameter(target, "watch").equals("true")) {
      return request.getHeader("Upgrade") == null
          ? Answers.failure(400, "BadRequest", "watches are served by WebSocket only")
          : super.handleGet(target);
    }
    if (selection.isWhole() || !url.get().name().isEmpty()) {
      return Answers.withReason(super.dispatch(request), request);
    }
    return Answers.json(200, selection.of(list(target)).toString());
  }

  /** The whole collection that a target names, whatever its query says. */
  private ObjectNode list(String target) {
    MockResponse answer = super.handleGet(ObjectPath.withoutQuery(target));
    return (ObjectNode) read(answer.getBody().readUtf8());
  }

  /** Called by the base class with the store locked, so that no change falls between. */
  @Override
  public MockResponse handleWatch(String target) {
    ObjectPath url = ObjectPath.parse(target).orElseThrow();
    Selection selection = Selection.of(url, target);
    String version = Selection.parameter(target, "resourceVersion");
    if (version.isEmpty() || version.equals("0")) {
      Watch watch = watches.open(selection);
      list(url.collectionUrl())
          .path("items")
          .forEach(
              item -> watch.tell(ObjectPath.of(target, item), Optional.empty(), Optional.of(item)));
      return new MockResponse().withWebSocketUpgrade(watch);
    }
    return watches
        .openAfter(selection, Long.parseLong(version))
        .map(watch -> new MockResponse().withWebSocketUpgrade(watch))
        .orElseGet(() -> Answers.failure(410, "Expired", "too old resource version: " + version));
  }

  private MockResponse delete(RecordedRequest request) throws JsonProcessingException {
    if (request.getPath().contains("Selector=")) {
      return Answers.failure(
          400, "BadRequest", "deletions by selector are not served; list and delete one by one");
    }
    REMOVAL.set(RequestBodies.removal(request));
    return Answers.withReason(super.dispatch(request), request);
  }

  private MockResponse create(RecordedRequest request) throws JsonProcessingException {
    ObjectNode object = bodies.newObject(request);
    ObjectPath.parse(request.getPath())
        .filter(path -> !path.namespace().isEmpty())
        .ifPresent(path -> ensureNamespace(path.namespace()));
    return answer(super.dispatch(RequestBodies.with(request, object)), request);
  }

  /** Makes a namespace that is named for the first time: on one machine nobody else would. */
  void ensureNamespace(String name) {
    if (super.handleGet("/api/v1/namespaces/" + name).code() == 404) {
      super.handleCreate(RequestBodies.namespace(name));
      STORED.remove();
    }
  }

  /** The object as it was stored, defaults included, instead of as it was sent. */
  private MockResponse answer(MockResponse response, RecordedRequest request) {
    String object = STORED.get();
    if (object != null && response.code() < 300) {
      response.setBody(object);
    }
    return Answers.withReason(response, request);
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
        String version = String.valueOf(requestResourceVersion());
        ((ObjectNode) kept.get().get("metadata")).put("resourceVersion", version);
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
    Optional<JsonNode> old = Optional.ofNullable(before).map(DurableDispatcher::read);
    Optional<JsonNode> now = Optional.ofNullable(after).map(DurableDispatcher::read);
    ObjectPath object = ObjectPath.of(path, now.or(() -> old).orElseThrow());
    long version = keep(object, now);
    super.processEvent(path, pathAttributes, oldAttributes, typed, after);
    STORED.set(after);
    listener.accept(new ObjectChange(object, now));
    watches.tell(version, object, old, now);
  }

  private void admit(ObjectNode object, String before) {
    List<String> problems =
        admission.problems(object, before == null ? Optional.empty() : Optional.of(read(before)));
    if (!problems.isEmpty()) {
      throw new AdmissionRejection(
          object.path("kind").asText(), object.path("metadata").path("name").asText(), problems);
    }
  }

  private long keep(ObjectPath path, Optional<JsonNode> now) {
    if (now.isEmpty()) {
      long version = requestResourceVersion();
      log.remove(path.url(), version);
      return version;
    }
    long version = now.get().path("metadata").path("resourceVersion").asLong();
    log.put(path.url(), version, now.get());
    return version;
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

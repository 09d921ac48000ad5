package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.mockwebserver.http.Response;
import io.fabric8.mockwebserver.http.WebSocket;
import io.fabric8.mockwebserver.http.WebSocketListener;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * One client that watches. In place of the watch of the mock server, which on its end waits for its
 * unsent events for up to a minute in the one thread that serves all requests and would send them:
 * here that thread itself hands every event to the socket, so there is nothing to wait for.
 */
final class Watch extends WebSocketListener {

  private final Selection selection;
  private final Consumer<Watch> ended;
  private final Queue<String> early = new ArrayDeque<>();
  private Optional<WebSocket> socket = Optional.empty();

  /**
   * A watch whose socket is not open yet.
   *
   * @param ended told when the client has gone
   */
  Watch(Selection selection, Consumer<Watch> ended) {
    this.selection = selection;
    this.ended = ended;
  }

  /** Tells about a change of one object, if this watch selects it or did so before. */
  void tell(ObjectPath path, Optional<JsonNode> before, Optional<JsonNode> after) {
    boolean was = before.filter(object -> selection.matches(path, object)).isPresent();
    boolean is = after.filter(object -> selection.matches(path, object)).isPresent();
    if (is) {
      send(was ? "MODIFIED" : "ADDED", after.get());
    } else if (was) {
      send("DELETED", after.isPresent() ? versionOf(after.get(), before.get()) : before.get());
    }
  }

  /** An object that left the selection as it was, with the version at which it left. */
  private static JsonNode versionOf(JsonNode after, JsonNode before) {
    ObjectNode object = before.deepCopy();
    ((ObjectNode) object.get("metadata"))
        .set("resourceVersion", after.path("metadata").path("resourceVersion"));
    return object;
  }

  /** Sends one event as soon as the socket is open, in the order of the calls. */
  synchronized void send(String type, JsonNode object) {
    ObjectNode event = JsonNodeFactory.instance.objectNode().put("type", type);
    event.set("object", object);
    if (socket.isPresent()) {
      socket.get().send(event.toString());
    } else {
      early.add(event.toString());
    }
  }

  @Override
  public synchronized void onOpen(WebSocket opened, Response response) {
    early.forEach(opened::send);
    early.clear();
    socket = Optional.of(opened);
  }

  @Override
  public void onClosed(WebSocket closed, int code, String reason) {
    ended.accept(this);
  }

  @Override
  public void onFailure(WebSocket failed, Throwable problem, Response response) {
    ended.accept(this);
  }
}

package io.evaljob.operator.scenario;

import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.Response;
import io.fabric8.mockwebserver.http.WebSocket;
import io.fabric8.mockwebserver.http.WebSocketListener;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * Lets watches end away from the server's event loop.
 *
 * <p>At its end the mock server's watch waits for the event it is sending, and that event is sent
 * by the event loop: told of the end on the event loop, the watch blocks the whole server for half
 * a minute.
 */
final class WatchClosing implements AutoCloseable {

  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "watch-closing");
            thread.setDaemon(true);
            return thread;
          });

  /** The same response; if it opens a watch, one that ends in a thread of its own. */
  MockResponse apply(MockResponse response) {
    WebSocketListener watch = response.getWebSocketListener();
    return watch == null ? response : response.withWebSocketUpgrade(new Detached(watch));
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }

  private void detach(Runnable end) {
    try {
      threads.execute(end);
    } catch (RejectedExecutionException e) {
      // The server is gone, and its watches with it.
    }
  }

  private final class Detached extends WebSocketListener {

    private final WebSocketListener watch;

    Detached(WebSocketListener watch) {
      this.watch = watch;
    }

    @Override
    public void onBeforeAccept(WebSocket socket, Response response) {
      watch.onBeforeAccept(socket, response);
    }

    @Override
    public void onOpen(WebSocket socket, Response response) {
      watch.onOpen(socket, response);
    }

    @Override
    public void onMessage(WebSocket socket, String text) {
      watch.onMessage(socket, text);
    }

    @Override
    public void onMessage(WebSocket socket, byte[] bytes) {
      watch.onMessage(socket, bytes);
    }

    @Override
    public void onClosing(WebSocket socket, int code, String reason) {
      watch.onClosing(socket, code, reason);
    }

    @Override
    public void onClosed(WebSocket socket, int code, String reason) {
      detach(() -> watch.onClosed(socket, code, reason));
    }

    @Override
    public void onFailure(WebSocket socket, Throwable failure, Response response) {
      detach(() -> watch.onFailure(socket, failure, response));
    }
  }
}

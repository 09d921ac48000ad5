package io.evaljob.operator.cli;

import io.evaljob.operator.leader.Fence;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Knows when the API server has answered for the first time. Until then there is no connection, and
 * each request that is sent meanwhile makes one for itself, handshake included.
 */
final class FirstAnswer implements Interceptor {
  private final Fence fence;
  private final CompletableFuture<Void> seen = new CompletableFuture<>();

  /** In place of the fence, which is asked before each request. */
  FirstAnswer(Fence fence) {
    this.fence = fence;
  }

  CompletableFuture<Void> seen() {
    return seen;
  }

  @Override
  public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
    fence.before(builder, request, tags);
  }

  @Override
  public void after(
      HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> body) {
    seen.complete(null);
  }
}

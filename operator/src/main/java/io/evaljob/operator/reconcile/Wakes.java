package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.ResourceAction;
import io.javaoperatorsdk.operator.processing.event.source.controller.ResourceEvent;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Wakes EvalJobs, also those at rest, which the framework has not been told of. */
final class Wakes extends SimpleInboundEventSource<EvalJob> {

  /** An EvalJob that waits for its pass is unpacked: not too many may. */
  private static final int AT_A_TIME = 100;

  private static final Executor LATER =
      CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS);

  private final Predicate<ResourceID> exists;

  /**
   * Wakes EvalJobs.
   *
   * @param exists whether there is an EvalJob of that name
   */
  Wakes(Predicate<ResourceID> exists) {
    super("wakes");
    this.exists = exists;
  }

  @Override
  public void propagateEvent(ResourceID id) {
    if (isRunning() && exists.test(id)) {
      // As if it had changed: any other event of one that it does not know yet the framework drops.
      getEventHandler().handleEvent(new ResourceEvent(ResourceAction.UPDATED, id, null));
    }
  }

  /** Wakes them by and by, a few at a time; returns at once. */
  void inTurn(List<ResourceID> ids) {
    inTurn(ids.iterator());
  }

  private void inTurn(Iterator<ResourceID> ids) {
    for (int i = 0; i < AT_A_TIME && ids.hasNext(); i++) {
      propagateEvent(ids.next());
    }
    if (ids.hasNext() && isRunning()) {
      LATER.execute(() -> inTurn(ids));
    }
  }
}

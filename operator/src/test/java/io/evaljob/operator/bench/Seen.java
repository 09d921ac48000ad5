package io.evaljob.operator.bench;

import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.util.function.Consumer;

/** Tells of what is there, new or changed. */
record Seen<T>(Consumer<T> to) implements ResourceEventHandler<T> {

  @Override
  public void onAdd(T object) {
    to.accept(object);
  }

  @Override
  public void onUpdate(T before, T now) {
    to.accept(now);
  }

  @Override
  public void onDelete(T object, boolean unknown) {}
}

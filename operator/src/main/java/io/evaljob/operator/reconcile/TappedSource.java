package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * A watch that somebody else listens to beside the EvalJobs: an object that goes after its EvalJob
 * has nobody else to tell.
 *
 * @param <R> what is watched
 */
final class TappedSource<R extends HasMetadata> extends InformerEventSource<R, EvalJob> {

  private final BiConsumer<Optional<R>, Optional<R>> tap;

  /** Tells the tap what was and what is; one of the two is there. */
  TappedSource(
      InformerEventSourceConfiguration<R> config,
      EventSourceContext<EvalJob> context,
      BiConsumer<Optional<R>, Optional<R>> tap) {
    super(config, context);
    this.tap = tap;
  }

  @Override
  public void onAdd(R added) {
    super.onAdd(added);
    tap.accept(Optional.empty(), Optional.of(added));
  }

  @Override
  public void onUpdate(R before, R now) {
    super.onUpdate(before, now);
    tap.accept(Optional.of(before), Optional.of(now));
  }

  @Override
  public synchronized void onDelete(R gone, boolean stateUnknown) {
    super.onDelete(gone, stateUnknown);
    tap.accept(Optional.of(gone), Optional.empty());
  }
}

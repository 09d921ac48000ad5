package io.evaljob.operator.reconcile;

import io.evaljob.operator.leader.Leadership;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes passes only while this replica leads; a standby's caches are kept warm, and no more. */
final class LeadersPass {

  private static final Logger LOG = LoggerFactory.getLogger(LeadersPass.class);

  private final Leadership leadership;

  LeadersPass(Leadership leadership) {
    this.leadership = leadership;
  }

  /** Takes the pass; one that the loss of the lease breaks off is the next leader's to take. */
  <P extends HasMetadata> UpdateControl<P> take(P primary, Supplier<UpdateControl<P>> pass) {
    if (!leadership.held()) {
      return UpdateControl.noUpdate();
    }
    try {
      return pass.get();
    } catch (RuntimeException e) {
      if (leadership.held()) {
        throw e;
      }
      LOG.info(
          "The pass of {} {} was broken off: {}",
          primary.getKind(),
          primary.getMetadata().getName(),
          e.getMessage());
      return UpdateControl.noUpdate();
    }
  }
}

package io.evaljob.operator.plan;

import java.util.Optional;

/**
 * How the runtime's harness loads this model.
 *
 * @param dialect the harness's vintage
 * @param loader the loader of this model in that vintage; empty when no profile says
 * @param canSplit whether that loader can spread this model over several devices
 */
public record Harness(Dialect dialect, Optional<Loader> loader, boolean canSplit) {

  /** A harness of which no profile says how it loads this model. */
  public static Harness unprofiled(Dialect dialect) {
    return new Harness(dialect, Optional.empty(), false);
  }
}

package io.evaljob.operator.scenario;

import io.evaljob.api.v1alpha1.Stage;

/** Says how every attempt of a scenario ends. */
@FunctionalInterface
public interface Script {
  /** May block until the scenario says go on. */
  Ending of(String model, Stage stage, int attempt) throws InterruptedException;
}

package io.evaljob.operator.sandbox.controller;

/** One control loop of the cluster, driven by what is there and not by what has changed. */
@FunctionalInterface
public interface Controller {

  /**
   * Brings the cluster one step nearer to where it should be. Called after every batch of changes,
   * always by the same thread; a failure is tried again.
   */
  void sync(ClusterView view);
}

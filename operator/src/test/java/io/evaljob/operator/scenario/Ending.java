package io.evaljob.operator.scenario;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ResultRow;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** How an attempt of a stage ends, told without saying who runs it. */
public sealed interface Ending {

  /** The stage succeeds; a score stage reports these rows first. */
  record Succeeds(List<ResultRow> rows) implements Ending {}

  /** The runner fails, reports why and writes it down. */
  record Fails(FailureCause cause, String message, int datasetsDone) implements Ending {}

  /** The process dies without a word. */
  record Dies(int exitCode) implements Ending {}

  /** The pod exits 0, but what it wrote says that it failed. */
  record SaysOneDoesAnother(FailureCause cause) implements Ending {}

  /** The pod is evicted. */
  record IsEvicted() implements Ending {}

  /** The score stage exits 0 without its report having been taken. */
  record ForgetsToReport() implements Ending {}

  /** The pod runs on until the test says otherwise. */
  record RunsOn() implements Ending {}

  /**
   * The pod runs for a while.
   *
   * @param until opens when it has
   * @param then how it ends after that
   */
  record RunsUntil(CountDownLatch until, Ending then) implements Ending {}

  /**
   * The image cannot be pulled at first. Only a node that is pretended can say so.
   *
   * @param message what the kubelet says
   * @param pulled opens when it can be
   * @param then how it ends after that
   */
  record PullsLate(String message, CountDownLatch pulled, Ending then) implements Ending {}

  /**
   * The kubelet refuses the pod. Only a node that is pretended can say so.
   *
   * @param reason the pod's reason
   * @param message the pod's message
   */
  record IsRefused(String reason, String message) implements Ending {}
}

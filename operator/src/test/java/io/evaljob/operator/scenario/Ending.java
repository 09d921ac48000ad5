package io.evaljob.operator.scenario;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ResultRow;
import java.util.List;

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
}

package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import java.time.Instant;
import java.util.Optional;

/**
 * One attempt of one stage as seen now: its Job and the newest pod of it.
 *
 * @param stage the stage
 * @param attempt from 1
 * @param jobName name of the Job
 * @param jobUid UID of its Job
 * @param state what became of it
 * @param queue where its Job stands with Kueue, when it has a queue
 * @param made when its Job was made
 * @param holdsDevices whether a pod of it is bound to a node, until pod and Job have ended
 * @param nodeName node of its pod, when bound
 * @param imageId digest of the image its container runs, when known
 * @param podUid UID of its newest pod, when there is one
 * @param podName name of its newest pod, when there is one
 * @param started when its pod began to run
 * @param bound since when its pod is on a node
 * @param finished when its container ended
 * @param termination what the runner left behind
 */
public record AttemptObservation(
    Stage stage,
    int attempt,
    String jobName,
    String jobUid,
    State state,
    Optional<QueuePlace> queue,
    Optional<Instant> made,
    boolean holdsDevices,
    Optional<String> nodeName,
    Optional<String> imageId,
    Optional<String> podUid,
    Optional<String> podName,
    Optional<Instant> started,
    Optional<Instant> bound,
    Optional<Instant> finished,
    Optional<TerminationMessage> termination) {

  /** What became of an attempt. */
  public sealed interface State {

    /** Whether the attempt has ended, well or not. */
    default boolean isEnd() {
      return this instanceof Succeeded || this instanceof Failed;
    }
  }

  /**
   * The container runs, as far as is known.
   *
   * @param silence why nothing is heard of it; empty where its node speaks
   */
  public record Running(Optional<Wait> silence) implements State {

    /** One whose node speaks. */
    public Running() {
      this(Optional.empty());
    }
  }

  /**
   * Nothing runs yet.
   *
   * @param why the reason and its remedy
   */
  public record Waits(Wait why) implements State {}

  /** The stage did what it was asked. */
  public record Succeeded() implements State {}

  /**
   * The stage ended without having done it.
   *
   * @param cause why
   * @param message one sentence for people, not yet bounded
   * @param disruption whether the world outside ended it: no retry is charged then
   * @param refusedByNode whether the kubelet refused the pod before it ran
   */
  public record Failed(
      FailureCause cause, String message, boolean disruption, boolean refusedByNode)
      implements State {}

  /** The Job is being deleted: nothing can be said before it is gone. */
  public record Leaving() implements State {}

  /** Whether the attempt has ended, well or not. */
  public boolean ended() {
    return state.isEnd();
  }
}

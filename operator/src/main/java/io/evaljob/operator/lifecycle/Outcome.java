package io.evaljob.operator.lifecycle;

import io.evaljob.operator.observe.Wait;

/** What became of an action that speaks of a model. */
public sealed interface Outcome {

  /** The action this speaks of. */
  Action action();

  /**
   * Done, now or before.
   *
   * @param action the action
   * @param name name of the object
   */
  record Done(Action action, String name) implements Outcome {}

  /**
   * The Job of an attempt is there.
   *
   * @param action the action
   * @param uid UID of the Job
   */
  record Started(Action.StartStage action, String uid) implements Outcome {}

  /**
   * The plan has a name, or exists under it as we make it.
   *
   * @param action the action
   * @param model name of the model
   * @param name name of the plan ConfigMap
   * @param digest digest of what it holds
   */
  record Planned(Action action, String model, String name, String digest) implements Outcome {}

  /**
   * Not done, because the plan it needs is not there under the name on record.
   *
   * @param action the action
   */
  record Postponed(Action.StartStage action) implements Outcome {}

  /**
   * Not done, because its devices are not charged, or no longer.
   *
   * @param action the action
   */
  record Uncharged(Action.StartStage action) implements Outcome {}

  /**
   * Not done; it may be done later without a change of ours.
   *
   * @param action the action
   * @param why the reason and its remedy
   */
  record Blocked(Action action, Wait why) implements Outcome {}

  /**
   * An object of ours has the name but another body: an older operator made it.
   *
   * @param action the action
   */
  record Superseded(Action action) implements Outcome {}
}

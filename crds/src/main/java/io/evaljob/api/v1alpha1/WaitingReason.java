package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonCreator;

/** For what an EvalJob waits; each comes with a message that says what to do. */
public enum WaitingReason {
  /** The EvalRuntime does not exist yet. */
  RuntimeNotFound,

  /** A ModelProfile named by a model does not exist yet. */
  ProfileNotFound,

  /** A PersistentVolumeClaim named by the spec does not exist yet. */
  ClaimNotFound,

  /** An object that is not ours has the name of a child. */
  NameTaken,

  /** An older pod of the same model is still ending. */
  PodsRemain,

  /** Kueue has not admitted the Job, or has taken its devices back. */
  Kueue,

  /** The spec names a queue of Kueue, and Kueue is not there or must not be read. */
  KueueNotFound,

  /** Somebody other than the queue of the spec has suspended the Job. */
  JobSuspended,

  /** Devices are waited for in the queue of an EvalQuota. */
  EvalQuota,

  /** No node has room for the pod. */
  Unschedulable,

  /** A ResourceQuota of the namespace leaves no room for the pod. */
  ResourceQuota,

  /** The image cannot be pulled. */
  ImagePull,

  /** A Secret or ConfigMap, or a key of one, is missing. */
  ContainerConfig,

  /** A PersistentVolumeClaim has no volume yet. */
  VolumeNotBound,

  /** The API server refused an object, or the node refused the pod. */
  Admission,

  /** The PriorityClass that the spec names does not exist. */
  PriorityClassNotFound,

  /** The pod was running, and its node does not speak any more. */
  NodeNotReady,

  /** An attempt failed, and the next is not due yet. */
  BackOff,

  /** The pod is scheduled and its container is being made. */
  Starting,

  /** A value from a newer version of the API; never in the schema. */
  Unknown;

  /**
   * Reads the value of a manifest.
   *
   * @return the constant, or {@link #Unknown} for anything this version does not know
   */
  @JsonCreator
  public static WaitingReason of(String value) {
    for (WaitingReason known : values()) {
      if (known.name().equals(value)) {
        return known;
      }
    }
    return Unknown;
  }
}

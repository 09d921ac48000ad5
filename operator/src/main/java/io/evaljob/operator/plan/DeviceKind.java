package io.evaljob.operator.plan;

/** What one unit of an extended resource is. */
public enum DeviceKind {
  /** A whole device. */
  Whole,
  /** A part of a device with memory of its own, such as a MIG slice. */
  Partition,
  /** One of several replicas of the same device; nothing isolates their memory. */
  Shared
}

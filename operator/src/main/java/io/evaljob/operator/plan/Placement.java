package io.evaljob.operator.plan;

/** The way in which this model can use several devices of one process. */
enum Placement {
  /** It cannot. */
  OneDevice,
  /** The harness spreads it by itself; nothing is imposed and memory is checked only in sum. */
  HarnessPlaced,
  /** Whole layers to devices, planned here. */
  LayerSplit,
  /** The engine shares every layer. */
  TensorParallel,
  /** The map given by hand. */
  ManualMap
}

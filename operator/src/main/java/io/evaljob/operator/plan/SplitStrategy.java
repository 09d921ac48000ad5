package io.evaljob.operator.plan;

/** How a job asks for a model to be spread over the devices of a process. */
public enum SplitStrategy {
  /** What the loader can do: layers, tensor parallel, or nothing. */
  Auto,
  /** No split is imposed; with several devices the harness places the model itself. */
  None,
  /** Whole layers to devices. */
  Layers,
  /** Every layer over all devices. */
  TensorParallel
}

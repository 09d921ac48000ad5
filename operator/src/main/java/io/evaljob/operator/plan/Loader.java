package io.evaljob.operator.plan;

/** What loads the model's weights, which decides how it can use several devices. */
public enum Loader {
  /** Hugging Face transformers: a map of modules to devices. */
  Transformers,
  /** vLLM: one process, tensor parallel. */
  VLLM,
  /** LMDeploy: one process, tensor parallel. */
  LMDeploy,
  /** Anything that puts the whole model on one device. */
  SingleDevice;

  /** Whether this loader spreads a model by tensor parallelism. */
  public boolean tensorParallel() {
    return this == VLLM || this == LMDeploy;
  }
}

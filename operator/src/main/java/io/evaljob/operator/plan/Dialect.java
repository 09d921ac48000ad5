package io.evaljob.operator.plan;

/** The vintage of the evaluation harness, as far as placing a model goes. */
public enum Dialect {
  /** VLMEvalKit before 2025-04-29: {@code AUTO_SPLIT} and {@code GPUS_PER_PROCESS}. */
  AutoSplit,
  /** VLMEvalKit from 2025-04-29 to 2026-04-08: {@code device_map="auto"}. */
  AutoDeviceMap,
  /** VLMEvalKit from 2026-04-09: the same, and it writes status.json. */
  StatusFile,
  /** Any program: it is handed its devices and places the model itself. */
  Command
}

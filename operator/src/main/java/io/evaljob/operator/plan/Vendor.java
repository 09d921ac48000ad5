package io.evaljob.operator.plan;

/** Who makes an accelerator; the name is what plans and reports show. */
public enum Vendor {
  NVIDIA,
  AMD,
  Huawei,
  Intel,
  Habana
}

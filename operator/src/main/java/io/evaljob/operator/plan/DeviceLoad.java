package io.evaljob.operator.plan;

/**
 * What one device of a process carries, in bytes.
 *
 * @param index logical device, from 0
 * @param weightsBytes weights alone
 * @param loadBytes weights, KV cache, activations, logits and workspace
 * @param capacityBytes memory less the reserve; 0 when the memory is unknown
 */
public record DeviceLoad(int index, long weightsBytes, long loadBytes, long capacityBytes) {

  /** Capacity less load; meaningless when the capacity is unknown. */
  public long headroomBytes() {
    return capacityBytes - loadBytes;
  }
}

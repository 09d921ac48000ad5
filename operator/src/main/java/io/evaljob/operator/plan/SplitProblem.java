package io.evaljob.operator.plan;

/**
 * A chain of blocks to cut over a row of devices, in bytes.
 *
 * <p>Every figure lies within plus or minus 2^58, and so does the sum of all loads: sums of loads
 * then fit a long and sums of their squares fit 128 bits.
 *
 * @param units load of each block of the chain, 0 or more, in execution order; at least one fewer
 *     than there are devices
 * @param first load that device 0 carries besides its part of the chain and {@code each}
 * @param each load that every device carries besides its part of the chain
 * @param head load of norm and head together, on device 0 or on the last device
 * @param headOnFirst whether the head must be on device 0
 * @param capacity capacity of each device, at least one device
 */
@SuppressWarnings("ArrayRecordComponent") // numbers only: never compared, never changed
record SplitProblem(
    long[] units, long first, long each, long head, boolean headOnFirst, long[] capacity) {

  int devices() {
    return capacity.length;
  }

  /** Load of a device before it gets any part of the chain. */
  long fixed(int device, int headDevice) {
    return each + (device == 0 ? first : 0) + (device == headDevice ? head : 0);
  }
}

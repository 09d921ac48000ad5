package io.evaljob.operator.plan;

/**
 * Among the cuts that keep every device within its limit, finds the one with the smallest sum of
 * squared loads over the devices 1 and up, and among those the smallest cut vector.
 *
 * <p>A dynamic program from the last device to the first. The squared load of a part is a Monge
 * cost, and stays one where parts over the limit cost infinity, so the first best cut does not move
 * backwards as the part's start moves forwards: divide and conquer finds all of a device's best
 * cuts in O(L log L). Squares of loads of some GB overflow a long, so sums are kept in two.
 */
final class LeastSquares {

  private static final long INFINITE = Long.MAX_VALUE;

  private final long[] sums;
  private final long[] fixed;
  private final long[] limit;
  private final int[] low;
  private final int[] high;
  private final int devices;
  private final int[][] choice;
  private long[] nextHigh;
  private long[] nextLow;
  private long[] costHigh;
  private long[] costLow;

  /**
   * Prepares the search.
   *
   * @param sums prefix sums of the chain
   * @param fixed load of each device besides its part
   * @param limit greatest part of each device
   * @param low smallest start of each device's part; the last entry is the end of the chain
   * @param high greatest start of each device's part, likewise
   */
  LeastSquares(long[] sums, long[] fixed, long[] limit, int[] low, int[] high) {
    this.sums = sums;
    this.fixed = fixed;
    this.limit = limit;
    this.low = low;
    this.high = high;
    this.devices = fixed.length;
    this.choice = new int[devices][];
    this.nextHigh = new long[sums.length];
    this.nextLow = new long[sums.length];
    this.costHigh = new long[sums.length];
    this.costLow = new long[sums.length];
  }

  /** The best cuts when device 1 starts at {@code firstCut}, from which a cut exists. */
  int[] cuts(int firstCut) {
    for (int device = devices - 1; device >= 1; device--) {
      choice[device] = new int[high[device] - low[device] + 1];
      rows(device, low[device], high[device], low[device + 1], high[device + 1]);
      long[] swap = nextHigh;
      nextHigh = costHigh;
      costHigh = swap;
      swap = nextLow;
      nextLow = costLow;
      costLow = swap;
    }
    int[] cuts = new int[devices + 1];
    cuts[1] = firstCut;
    for (int device = 1; device < devices; device++) {
      cuts[device + 1] = choice[device][cuts[device] - low[device]];
    }
    return cuts;
  }

  /** High half of the sum of squares of {@link #cuts}. */
  long sumHigh(int firstCut) {
    return nextHigh[firstCut];
  }

  /** Low half, unsigned, of the sum of squares of {@link #cuts}. */
  long sumLow(int firstCut) {
    return nextLow[firstCut];
  }

  private void rows(int device, int from, int to, int firstEnd, int lastEnd) {
    if (from > to) {
      return;
    }
    int start = (from + to) >>> 1;
    int best = row(device, start, firstEnd, lastEnd);
    choice[device][start - low[device]] = best;
    rows(device, from, start - 1, firstEnd, best < 0 ? lastEnd : best);
    rows(device, start + 1, to, best < 0 ? firstEnd : best, lastEnd);
  }

  /** Finds the first best end of the part that starts at {@code start}; negative when none. */
  private int row(int device, int start, int firstEnd, int lastEnd) {
    int best = -1;
    long bestHigh = INFINITE;
    long bestLow = 0;
    long before = sums[start];
    long greatest = limit[device];
    boolean last = device == devices - 1;
    for (int end = Math.max(firstEnd, start + 1); end <= lastEnd; end++) {
      long part = sums[end] - before;
      if (part > greatest) {
        break;
      }
      if (!last && nextHigh[end] == INFINITE) {
        continue;
      }
      long load = part + fixed[device];
      long squareLow = load * load;
      long restLow = last ? 0 : nextLow[end];
      long sumLow = squareLow + restLow;
      long carry = Long.compareUnsigned(sumLow, squareLow) < 0 ? 1 : 0;
      long sumHigh = Math.multiplyHigh(load, load) + (last ? 0 : nextHigh[end]) + carry;
      if (sumHigh < bestHigh
          || (sumHigh == bestHigh && Long.compareUnsigned(sumLow, bestLow) < 0)) {
        best = end;
        bestHigh = sumHigh;
        bestLow = sumLow;
      }
    }
    costHigh[start] = bestHigh;
    costLow[start] = bestLow;
    return best;
  }
}

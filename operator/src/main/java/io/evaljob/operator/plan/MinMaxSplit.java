package io.evaljob.operator.plan;

import java.util.Arrays;

/**
 * Cuts a chain of blocks over devices, exactly.
 *
 * <p>Every device but the first gets at least one block. Lexicographic objective: the greatest
 * least headroom; the smallest load on device 0; the smallest sum of squared loads; the smallest
 * cut vector; the head on device 0 rather than on the last.
 *
 * <p>The greatest least headroom is found by binary search, which is exact because whatever fits
 * with some headroom fits with less. A probe packs blocks from the end; where some device cannot
 * hold every single block, packing greedily may leave a device empty, so the probe then follows the
 * sets of reachable cuts. The search jumps to headrooms that occur, so it ends after few probes.
 */
final class MinMaxSplit {

  private static final int NONE = -1;

  private final SplitProblem problem;
  private final long[] sums;
  private final int blocks;
  private final int devices;
  private final long largest;
  private final long smallest;
  private long jump;

  private MinMaxSplit(SplitProblem problem) {
    this.problem = problem;
    this.blocks = problem.units().length;
    this.devices = problem.devices();
    this.sums = new long[blocks + 1];
    long greatest = 0;
    long least = Long.MAX_VALUE;
    for (int block = 0; block < blocks; block++) {
      long load = problem.units()[block];
      sums[block + 1] = sums[block] + load;
      greatest = Math.max(greatest, load);
      least = Math.min(least, load);
    }
    this.largest = greatest;
    this.smallest = blocks == 0 ? 0 : least;
  }

  /** Whether some cut keeps every device within its capacity. */
  static boolean fits(SplitProblem problem) {
    MinMaxSplit split = new MinMaxSplit(problem);
    return split.probe(split.room(0), 0) != NONE
        || (split.headCanMove() && split.probe(split.room(split.devices - 1), 0) != NONE);
  }

  /** The best cut. */
  static SplitSolution solve(SplitProblem problem) {
    return new MinMaxSplit(problem).solve();
  }

  private SplitSolution solve() {
    long[] roomFirst = room(0);
    long headroom = search(roomFirst);
    if (!headCanMove()) {
      return candidate(0, roomFirst, headroom).solution();
    }
    long[] roomLast = room(devices - 1);
    if (probe(roomLast, headroom) == NONE) {
      return candidate(0, roomFirst, headroom).solution();
    }
    long headroomLast = search(roomLast);
    if (headroomLast > headroom) {
      return candidate(devices - 1, roomLast, headroomLast).solution();
    }
    int cutFirst = probe(roomFirst, headroom);
    int cutLast = probe(roomLast, headroom);
    long loadFirst = problem.fixed(0, 0) + sums[cutFirst];
    long loadLast = problem.fixed(0, devices - 1) + sums[cutLast];
    if (loadFirst != loadLast) {
      return loadFirst < loadLast
          ? candidate(0, roomFirst, headroom).solution()
          : candidate(devices - 1, roomLast, headroom).solution();
    }
    Candidate onFirst = candidate(0, roomFirst, headroom);
    Candidate onLast = candidate(devices - 1, roomLast, headroom);
    return onLast.compareTo(onFirst) < 0 ? onLast.solution() : onFirst.solution();
  }

  private boolean headCanMove() {
    return devices > 1 && !problem.headOnFirst() && problem.head() != 0;
  }

  /** What each device has left for the chain when it may be filled to the last byte. */
  private long[] room(int headDevice) {
    long[] room = new long[devices];
    for (int device = 0; device < devices; device++) {
      room[device] = problem.capacity()[device] - problem.fixed(device, headDevice);
    }
    return room;
  }

  /** The greatest least headroom. */
  private long search(long[] room) {
    long known = upperBound(room);
    long above = known;
    long step = Math.max(1, largest / 16);
    while (probe(room, known) == NONE) {
      above = jump;
      known = above - step;
      step *= 2;
    }
    known = jump;
    while (known < above) {
      long middle = known + (above - known + 1) / 2;
      if (probe(room, middle) == NONE) {
        above = jump;
      } else {
        known = jump;
      }
    }
    return known;
  }

  private long upperBound(long[] room) {
    long bound = room[0];
    long all = -sums[blocks];
    for (int device = 0; device < devices; device++) {
      all += room[device];
      if (device > 0) {
        bound = Math.min(bound, room[device] - smallest);
      }
    }
    return Math.min(bound, Math.floorDiv(all, devices));
  }

  /**
   * Start of device 1 in the cut that leaves device 0 the least, or {@link #NONE} when no cut
   * leaves every device {@code headroom}. Sets {@code jump} to the least headroom of a cut found,
   * else to the greatest headroom below {@code headroom} that is not yet ruled out.
   */
  private int probe(long[] room, long headroom) {
    for (int device = 1; device < devices; device++) {
      if (room[device] - headroom < largest) {
        return probeSets(room, headroom);
      }
    }
    long least = Long.MAX_VALUE;
    long next = Long.MIN_VALUE;
    int end = blocks;
    for (int device = devices - 1; device >= 1; device--) {
      int start = packedStart(end, device - 1, room[device] - headroom);
      least = Math.min(least, room[device] - (sums[end] - sums[start]));
      if (start >= device) {
        next = Math.max(next, room[device] - (sums[end] - sums[start - 1]));
      }
      end = start;
    }
    int cut = devices == 1 ? blocks : end;
    long left = room[0] - sums[cut];
    if (left < headroom) {
      jump = Math.max(next, left);
      return NONE;
    }
    jump = Math.min(least, left);
    return cut;
  }

  /** Smallest start, not below {@code floor}, of a part up to {@code end} within {@code limit}. */
  private int packedStart(int end, int floor, long limit) {
    long target = sums[end] - limit;
    int from = floor;
    int to = end;
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (sums[middle] >= target) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return from;
  }

  /** {@link #probe} without assuming that every device can hold every block. */
  private int probeSets(long[] room, long headroom) {
    long widest = Long.MIN_VALUE;
    for (long space : room) {
      widest = Math.max(widest, space);
    }
    if (widest - headroom < largest) {
      jump = widest - largest;
      return NONE;
    }
    boolean[][] reachable = new boolean[devices + 1][blocks + 1];
    reachable[devices][blocks] = true;
    long next = Long.MIN_VALUE;
    int cut = devices == 1 ? blocks : NONE;
    for (int device = devices - 1; device >= 1; device--) {
      int end = NONE;
      for (int start = blocks - 1; start >= device - 1; start--) {
        end = reachable[device + 1][start + 1] ? start + 1 : end;
        long left = end == NONE ? Long.MIN_VALUE : room[device] - (sums[end] - sums[start]);
        if (left >= headroom) {
          reachable[device][start] = true;
          cut = device == 1 ? start : cut;
        } else {
          next = Math.max(next, left);
        }
      }
    }
    if (cut == NONE || room[0] - sums[cut] < headroom) {
      jump = cut == NONE ? next : Math.max(next, room[0] - sums[cut]);
      return NONE;
    }
    jump = room[0] - sums[cut];
    int start = cut;
    for (int device = 1; device < devices; device++) {
      int end = start + 1;
      while (!reachable[device + 1][end]) {
        end++;
      }
      jump = Math.min(jump, room[device] - (sums[end] - sums[start]));
      start = end;
    }
    return cut;
  }

  private Candidate candidate(int headDevice, long[] room, long headroom) {
    int cut = probe(room, headroom);
    if (devices == 1) {
      return new Candidate(new SplitSolution(new int[] {0, blocks}, 0, headroom), 0, 0);
    }
    long[] fixed = new long[devices];
    long[] limit = new long[devices];
    for (int device = 0; device < devices; device++) {
      fixed[device] = problem.fixed(device, headDevice);
      limit[device] = room[device] - headroom;
    }
    int[] low = new int[devices + 1];
    int[] high = new int[devices + 1];
    low[devices] = blocks;
    high[devices] = blocks;
    for (int device = devices - 1; device >= 1; device--) {
      low[device] = packedStart(low[device + 1], device - 1, limit[device]);
    }
    low[1] = cut;
    high[1] = cut;
    for (int device = 1; device < devices - 1; device++) {
      int end = Arrays.binarySearch(sums, sums[high[device]] + limit[device]);
      end = end < 0 ? -end - 2 : lastEqual(end);
      high[device + 1] = Math.min(end, blocks - (devices - 1 - device));
    }
    LeastSquares squares = new LeastSquares(sums, fixed, limit, low, high);
    int[] cuts = squares.cuts(cut);
    return new Candidate(
        new SplitSolution(cuts, headDevice, headroom), squares.sumHigh(cut), squares.sumLow(cut));
  }

  /** Last position with the same prefix sum: blocks may weigh nothing. */
  private int lastEqual(int position) {
    int last = position;
    while (last < blocks && sums[last + 1] == sums[last]) {
      last++;
    }
    return last;
  }

  private record Candidate(SplitSolution solution, long squaresHigh, long squaresLow)
      implements Comparable<Candidate> {
    @Override
    public int compareTo(Candidate other) {
      int order = Long.compare(squaresHigh, other.squaresHigh);
      if (order == 0) {
        order = Long.compareUnsigned(squaresLow, other.squaresLow);
      }
      return order != 0 ? order : Arrays.compare(solution.cuts(), other.solution.cuts());
    }
  }
}

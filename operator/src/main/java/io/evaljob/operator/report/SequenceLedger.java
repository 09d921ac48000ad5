package io.evaljob.operator.report;

import java.util.Map;

/**
 * The sequence numbers seen, by pod. It lives in memory: after a restart a pod's next report is
 * taken as its first, so one report may be taken twice, which changes nothing.
 */
final class SequenceLedger {
  private static final int PODS = 20_000;

  private final Map<String, Seen> seen = BoundedMap.synchronizedOf(PODS);

  private record Seen(long sequence, boolean last) {}

  /** Whether a report with this number is new, or the pod's final one again. */
  boolean isNew(String podUid, long sequence, boolean last) {
    Seen before = seen.get(podUid);
    return before == null
        || (!before.last() && sequence > before.sequence())
        || (last && before.last() && sequence >= before.sequence());
  }

  /** Remembers a report that was taken. */
  void taken(String podUid, long sequence, boolean last) {
    seen.merge(
        podUid,
        new Seen(sequence, last),
        (before, now) -> now.sequence() >= before.sequence() ? now : before);
  }
}

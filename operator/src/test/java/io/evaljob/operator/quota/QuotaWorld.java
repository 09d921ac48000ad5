package io.evaljob.operator.quota;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * A cluster in miniature: a stored ledger with a version, attempts that wait, hold and end, and
 * leaders that decide on snapshots. Whatever is not in it is forgotten by a crash.
 */
final class QuotaWorld {
  static final String GPU = "nvidia.com/gpu";

  final Random random;
  Limits limits = new Limits(Map.of(GPU, 8), Map.of(GPU, 6), Duration.ofSeconds(60));
  Set<String> namespaces = Set.of("a", "b");
  List<Charge> ledger = List.of();
  long version;
  Instant now = Instant.parse("2026-11-23T15:00:00Z");
  final Map<AttemptKey, Demand> waiting = new TreeMap<>();
  final Map<AttemptKey, Charge> holding = new TreeMap<>();
  private int made;

  QuotaWorld(long seed) {
    random = new Random(seed);
  }

  /** What a leader reads before it decides. */
  record View(Snapshot snapshot, long version) {}

  void arrive(int devices, int priority) {
    String job = "job-" + made++;
    String namespace = random.nextBoolean() ? "a" : "b";
    AttemptKey key = new AttemptKey("uid-" + job, 1, "m", 1);
    waiting.put(key, new Demand(key, namespace, job, GPU, devices, priority, now, now));
  }

  View read() {
    List<Demand> demands = new ArrayList<>(waiting.values());
    List<Charge> holders = new ArrayList<>(holding.values());
    // The order in which a cache lists objects means nothing.
    Collections.shuffle(demands, random);
    Collections.shuffle(holders, random);
    return new View(new Snapshot(limits, namespaces, ledger, demands, holders, now), version);
  }

  /** Writes over the version that was read, or not at all. */
  boolean write(View view, Decision decision) {
    if (view.version() != version) {
      return false;
    }
    ledger = decision.ledger();
    version++;
    return true;
  }

  Decision pass() {
    View view = read();
    Decision decision = Admission.decide(view.snapshot());
    write(view, decision);
    return decision;
  }

  /** Attempts whose charge is written get their Job. */
  void start() {
    for (Charge charge : ledger) {
      if (waiting.containsKey(charge.key()) && random.nextBoolean()) {
        waiting.remove(charge.key());
        holding.put(charge.key(), charge);
      }
    }
  }

  /** A holder ends; half of them are tried again. */
  void finish() {
    Optional<Charge> one = any(holding);
    one.ifPresent(
        charge -> {
          holding.remove(charge.key());
          if (random.nextBoolean() && charge.key().attempt() < 3) {
            AttemptKey next =
                new AttemptKey(charge.key().uid(), 1, "m", charge.key().attempt() + 1);
            waiting.put(
                next,
                new Demand(
                    next, charge.namespace(), charge.job(), GPU, charge.devices(), 0, now, now));
          }
        });
  }

  /** The EvalJob of a waiting attempt is deleted, or no longer wants it. */
  void giveUp() {
    any(waiting).ifPresent(demand -> waiting.remove(demand.key()));
  }

  void limit(int hard) {
    limits = new Limits(Map.of(GPU, hard), Map.of(GPU, Math.max(1, hard - 2)), limits.patience());
  }

  int held() {
    return holding.values().stream().mapToInt(Charge::devices).sum();
  }

  int charged() {
    return ledger.stream().mapToInt(Charge::devices).sum();
  }

  private <T> Optional<T> any(Map<AttemptKey, T> of) {
    List<T> all = List.copyOf(of.values());
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(random.nextInt(all.size())));
  }
}

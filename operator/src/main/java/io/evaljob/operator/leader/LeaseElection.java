package io.evaljob.operator.leader;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes part in the election on the Lease {@code evaljob-operator} (decision 9). A replica that
 * loses the lease stands by for the next one; it need not start again.
 *
 * <p>Whether another's lease has run out is measured from when this replica saw it change, so
 * clocks of machines need not agree.
 */
public final class LeaseElection implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseElection.class);
  private static final int TRIES = 4;

  /** A release waits no longer than this for each answer: the lease runs out by itself. */
  private static final Duration RELEASE_PATIENCE = Duration.ofSeconds(1);

  /** What leads or stands by; told in one thread, and expected to return soon. */
  public interface Candidate {
    /** This replica leads from now on; told again after a gap in which it could not write. */
    void lead();

    /** It does not any more; nothing can be written already. */
    void standBy();
  }

  private final LeaseStore store;
  private final LeaseStore release;
  private final String identity;
  private final LeaseTiming timing;
  private final Fence fence;
  private final Candidate candidate;
  private final Incumbent incumbent;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Thread thread;

  /** The lease of ours as last stored; empty while another's, or when it may have changed. */
  private volatile Optional<Lease> ours = Optional.empty();

  /** Set before the first request that may make the lease ours. */
  private volatile boolean mayBeOurs;

  private volatile boolean joined;
  private boolean leading;
  private String complaint = "";

  private LeaseElection(
      KubernetesClient client,
      String namespace,
      String identity,
      Duration lease,
      Fence fence,
      Candidate candidate) {
    this.identity = identity;
    this.timing = new LeaseTiming(lease);
    this.store = new LeaseStore(client, namespace, timing.patience());
    this.release = new LeaseStore(client, namespace, RELEASE_PATIENCE);
    this.fence = fence;
    this.candidate = candidate;
    this.incumbent = new Incumbent(lease, fence.now());
    this.thread = new Thread(this::run, "lease");
    thread.setDaemon(true);
  }

  /**
   * Joins the election, in a thread of its own.
   *
   * @param client stays open when the election is left
   * @param namespace namespace of the Lease
   * @param identity names this replica, and no other process there ever was
   * @param lease others take over when the lease was not renewed for so long
   * @param fence is open while this replica leads
   */
  public static LeaseElection join(
      KubernetesClient client,
      String namespace,
      String identity,
      Duration lease,
      Fence fence,
      Candidate candidate) {
    LeaseElection election =
        new LeaseElection(client, namespace, identity, lease, fence, candidate);
    election.thread.start();
    return election;
  }

  /** Whether the lease could be read, and written where it was free, at least once. */
  public boolean joined() {
    return joined && thread.isAlive();
  }

  private void run() {
    try {
      Duration pause = round();
      while (!stop.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
        pause = round();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One look at the lease; tells how long to wait for the next. */
  private Duration round() {
    Moment asked = fence.now();
    try {
      if (claim(asked)) {
        begin(asked.plus(timing.writes()));
      } else {
        end("another replica leads");
      }
      answered();
    } catch (RuntimeException e) {
      complain(e);
      if (!fence.held()) {
        end("its lease could not be renewed for " + timing.writes().toSeconds() + " s");
      }
      return leading ? timing.afterFailure() : timing.period();
    }
    return leading ? timing.period() : untilDue();
  }

  /** Makes the lease ours, or keeps it so, unless it is another's. */
  private boolean claim(Moment asked) {
    for (int tried = 1; ; tried++) {
      Optional<Lease> found = ours.or(store::read);
      ours = Optional.empty();
      if (found.isPresent() && !isFree(found.get())) {
        return false;
      }
      mayBeOurs = true;
      try {
        ours = Optional.of(store.take(found, identity, timing.seconds(), asked.wall()));
        return true;
      } catch (KubernetesClientException e) {
        boolean moved =
            e.getCode() == HttpURLConnection.HTTP_CONFLICT
                || e.getCode() == HttpURLConnection.HTTP_NOT_FOUND;
        if (!moved || tried == TRIES) {
          throw e;
        }
      }
    }
  }

  private boolean isFree(Lease lease) {
    String holder = LeaseStore.holder(lease);
    return holder.isEmpty()
        || holder.equals(identity)
        || incumbent.hasRunOut(lease.getSpec(), fence.now());
  }

  /** A lease that runs out between two looks is looked at when it does. */
  private Duration untilDue() {
    Duration left = incumbent.left(fence.now());
    return left.compareTo(Duration.ZERO) <= 0 || left.compareTo(timing.period()) > 0
        ? timing.period()
        : left.plusMillis(1);
  }

  private void begin(Moment end) {
    boolean gap = !fence.held();
    fence.openUntil(end);
    incumbent.isGone();
    if (!leading) {
      LOG.info("Leading: {} holds lease {}", identity, store.name());
    }
    // A renewal that came late left a gap, and what was due in it was not done.
    if (!leading || gap) {
      leading = true;
      tell(candidate::lead);
    }
  }

  private void end(String why) {
    if (!leading) {
      return;
    }
    leading = false;
    fence.close();
    LOG.warn("Not leading any more, standing by: {}", why);
    tell(candidate::standBy);
  }

  private static void tell(Runnable news) {
    try {
      news.run();
    } catch (RuntimeException e) {
      LOG.error("A change of leadership was not taken well", e);
    }
  }

  private void answered() {
    joined = true;
    if (!complaint.isEmpty()) {
      complaint = "";
      LOG.info("Lease {} can be used again", store.name());
    }
  }

  private void complain(RuntimeException e) {
    String said =
        e instanceof KubernetesClientException api && api.getCode() != 0
            ? "status " + api.getCode()
            : Objects.toString(e.getMessage());
    if (!said.equals(complaint) && stop.getCount() > 0) {
      complaint = said;
      LOG.warn(
          "Lease {} cannot be used ({}); is Role evaljob-operator of deploy/ applied?",
          store.name(),
          said);
    }
  }

  /**
   * Leaves the election and releases the lease, so that another replica need not wait until it runs
   * out. Whoever calls it has stopped writing.
   */
  @Override
  public void close() {
    fence.closeForGood();
    stop.countDown();
    thread.interrupt();
    try {
      thread.join(RELEASE_PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!mayBeOurs) {
      return;
    }
    try {
      release();
    } catch (RuntimeException e) {
      LOG.warn(
          "Lease {} was not released ({}); it runs out in {} s",
          store.name(),
          e.getMessage(),
          timing.lease().toSeconds());
    }
  }

  private void release() {
    for (int tried = 1; ; tried++) {
      Optional<Lease> found =
          ours.or(release::read).filter(lease -> LeaseStore.holder(lease).equals(identity));
      ours = Optional.empty();
      if (found.isEmpty()) {
        return;
      }
      try {
        release.giveBack(found.get());
        LOG.info("Lease {} is released", store.name());
        return;
      } catch (KubernetesClientException e) {
        if (e.getCode() != HttpURLConnection.HTTP_CONFLICT || tried == TRIES) {
          throw e;
        }
      }
    }
  }
}

package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.Pods;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the pods that are bound to this machine, one process tree each, and writes their status.
 * What it runs has no control group, no user and no file system of its own; what it cannot run it
 * refuses ({@link UnsupportedFields}).
 */
public final class Kubelet {

  private static final Logger LOG = LoggerFactory.getLogger(Kubelet.class);
  private static final Duration LEFTOVER_GRACE = Duration.ofSeconds(10);
  private static final Duration AFTER_GRACE = Duration.ofSeconds(10);

  private record Running(PodWorker worker, Pod pod, CountDownLatch ended) {}

  private final Node node;
  private final OomKills oomKills;
  private final Map<String, Running> running = new ConcurrentHashMap<>();

  /** Pods that were ended without having run, until the view shows it. */
  private final Set<String> refused = new HashSet<>();

  private final ScheduledExecutorService timer;
  private volatile boolean stopping;

  /** Runs pods on {@code node}. */
  public Kubelet(Node node) {
    this(node, OomKills.ofThisMachine());
  }

  Kubelet(Node node, OomKills oomKills) {
    this.node = node;
    this.oomKills = oomKills;
    AtomicInteger count = new AtomicInteger();
    ScheduledThreadPoolExecutor pool =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "sandbox-timer-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    pool.setRemoveOnCancelPolicy(true);
    this.timer = pool;
  }

  /**
   * Ends what an earlier run left behind and marks its pods failed; to be called before pods are
   * started, on the objects as they were restored.
   *
   * @param devices ids of the devices there are now; a pod that was given another one is lost, too
   */
  public void recover(List<Pod> pods, Set<String> devices) throws InterruptedException {
    Set<Path> known = new HashSet<>();
    for (Pod pod : pods) {
      PodFolder folder = PodFolder.of(node.state(), pod);
      known.add(folder.root());
      if (!Files.exists(folder.record())) {
        if (!Pods.isEnded(pod) && !devices.containsAll(Pods.devices(pod))) {
          markLost(pod, folder, false);
        }
        continue;
      }
      boolean ran =
          LocalProcess.endLeftover(folder.record(), pod.getMetadata().getUid(), LEFTOVER_GRACE);
      if (!Pods.isEnded(pod)) {
        markLost(pod, folder, ran);
      }
      delete(folder.root());
    }
    Path all = node.state().resolve("pods");
    if (!Files.isDirectory(all)) {
      return;
    }
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(all)) {
      for (Path folder : folders) {
        if (!known.contains(folder)) {
          LocalProcess.endLeftover(folder.resolve("process"), "", LEFTOVER_GRACE);
          delete(folder);
        }
      }
    } catch (IOException e) {
      LOG.warn("cannot look for processes left over in {}", all, e);
    }
  }

  private void markLost(Pod pod, PodFolder folder, boolean ran) {
    String message =
        ran
            ? "The evaljob process of this machine ended while the pod ran; what was left of the"
                + " pod has been ended."
            : "The evaljob process of this machine ended before it saw the end of the pod.";
    Path written =
        new PathMapping(folder.fileSystem(), List.of())
            .local(PodFolder.terminationPath(pod.getSpec().getContainers().get(0)));
    node.writer()
        .end(
            pod,
            current -> {
              String now = node.writer().now();
              String started =
                  current.getStatus() == null || current.getStatus().getStartTime() == null
                      ? now
                      : current.getStatus().getStartTime();
              Pod lost =
                  ContainerStatuses.terminated(
                      current, now, ContainerExit.unseen(tail(written), started));
              return ContainerStatuses.disrupted(lost, "NodeLost", message, "DeletionByPodGC", now);
            });
  }

  private static String tail(Path file) {
    try {
      return BoundedLog.tail(file, 4096);
    } catch (IOException e) {
      return "";
    }
  }

  private static void delete(Path folder) {
    try {
      if (Files.exists(folder)) {
        io.evaljob.operator.sandbox.controller.ClaimBinder.delete(folder);
      }
    } catch (IOException e) {
      LOG.warn("cannot delete {}", folder, e);
    }
  }

  /**
   * Starts and ends what is to be started and ended. To be called after every change, always by the
   * same thread.
   *
   * @param pods the pods that are bound to this node, or more, as they were last told
   */
  public void sync(Collection<Pod> pods) {
    Set<String> seen = new HashSet<>();
    for (Pod pod : pods) {
      String uid = pod.getMetadata().getUid();
      seen.add(uid);
      Running here = running.get(uid);
      if (here != null && here.ended().getCount() == 0) {
        // Kept until the view shows the end: a view from before it would start the pod again.
        if (Pods.isEnded(pod)) {
          running.remove(uid);
        }
      } else if (here != null) {
        here.worker().poke();
        if (Pods.isDeleting(pod)) {
          here.worker().end(PodEnd.Reason.Deleted, grace(pod));
        }
      } else if (Pods.isBound(pod) && !Pods.isEnded(pod) && !stopping) {
        if (Pods.isDeleting(pod)) {
          endUnseen(pod);
        } else if (!refused.contains(uid)) {
          start(pod);
        }
      } else if (Pods.isEnded(pod) && Pods.isDeleting(pod)) {
        node.writer().release(pod);
      }
    }
    refused.retainAll(seen);
    running.forEach(
        (uid, here) -> {
          if (!seen.contains(uid)) {
            here.worker().end(PodEnd.Reason.Vanished, Duration.ZERO);
            if (here.ended().getCount() == 0) {
              running.remove(uid);
            }
          }
        });
  }

  private void start(Pod pod) {
    PodGrant grant;
    try {
      UnsupportedFields.refuse(pod);
      grant = node.admission().admit(pod);
    } catch (PodRejection e) {
      node.writer().warning(pod, e.reason(), "Pod was rejected: " + e.getMessage());
      node.writer()
          .end(
              pod,
              current ->
                  ContainerStatuses.rejected(
                      current, e.reason(), e.getMessage(), node.writer().now()));
      refused.add(pod.getMetadata().getUid());
      return;
    }
    PodWorker worker = new PodWorker(pod, node, grant, oomKills, timer);
    CountDownLatch ended = new CountDownLatch(1);
    running.put(pod.getMetadata().getUid(), new Running(worker, pod, ended));
    Thread thread =
        new Thread(
            () -> {
              try {
                worker.run();
              } finally {
                ended.countDown();
              }
            },
            "sandbox-pod-" + pod.getMetadata().getName());
    thread.setDaemon(true);
    thread.start();
  }

  private void endUnseen(Pod pod) {
    node.writer()
        .end(
            pod,
            current -> {
              String now = node.writer().now();
              return ContainerStatuses.terminated(current, now, ContainerExit.unseen("", now));
            });
  }

  private static Duration grace(Pod pod) {
    Long deletion = pod.getMetadata().getDeletionGracePeriodSeconds();
    return deletion != null ? Duration.ofSeconds(deletion) : PodEnd.ownGrace(pod);
  }

  /**
   * Ends all pods and waits for their ends to be written.
   *
   * @param longest upper bound of the grace that each pod is given
   * @return false when some pod did not end in time
   */
  public boolean stop(Duration longest) throws InterruptedException {
    List<Running> all = new ArrayList<>(running.values());
    Duration wait = endAll(longest);
    long end = System.nanoTime() + wait.plus(AFTER_GRACE).toNanos();
    boolean done = true;
    for (Running here : all) {
      long left = Math.max(0, end - System.nanoTime());
      done &= here.ended().await(left, TimeUnit.NANOSECONDS);
    }
    if (done) {
      timer.shutdownNow();
    }
    return done;
  }

  /**
   * Starts to end all pods; no more are started. A call with a shorter grace shortens an earlier
   * one.
   *
   * @return the longest grace that a pod was given
   */
  public Duration endAll(Duration longest) {
    stopping = true;
    Duration wait = Duration.ZERO;
    if (timer.isShutdown()) {
      return wait; // All have ended.
    }
    for (Running here : running.values()) {
      Duration grace = grace(here.pod());
      Duration given = grace.compareTo(longest) > 0 ? longest : grace;
      wait = wait.compareTo(given) > 0 ? wait : given;
      here.worker().end(PodEnd.Reason.NodeStops, given);
    }
    return wait;
  }
}

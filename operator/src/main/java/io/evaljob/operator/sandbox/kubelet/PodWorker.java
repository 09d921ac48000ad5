package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of one pod on this machine: image, container runs one after the other, end. Runs in a
 * thread of its own; {@link #end} and {@link #poke} may be called by others at any time.
 */
final class PodWorker implements Runnable {

  private static final Logger LOG = LoggerFactory.getLogger(PodWorker.class);
  private static final Duration FIRST_RETRY = Duration.ofSeconds(10);
  private static final Duration LAST_RETRY = Duration.ofMinutes(5);
  private static final Duration MISSING_RETRY = Duration.ofMinutes(1);

  private final Pod pod;
  private final Container container;
  private final Node node;
  private final PodGrant grant;
  private final PodFolder folder;
  private final ContainerLaunch launch;
  private final PodEnd end;
  private final OomKills oomKills;
  private final ScheduledExecutorService timer;
  private final RestartBackOff backOff;

  private final Object lock = new Object();
  private Optional<PodEnd.Reason> ending = Optional.empty();
  private Duration grace = Duration.ZERO;
  private ContainerRun run;
  private Thread preparing;
  private boolean poked;

  PodWorker(Pod pod, Node node, PodGrant grant, OomKills oomKills, ScheduledExecutorService timer) {
    this.pod = pod;
    this.container = pod.getSpec().getContainers().get(0);
    this.node = node;
    this.grant = grant;
    this.folder = PodFolder.of(node.state(), pod);
    List<String> mounted = new ArrayList<>();
    container.getVolumeMounts().forEach(mount -> mounted.add(mount.getMountPath()));
    mounted.add(PodFolder.terminationPath(container));
    PathMapping paths = new PathMapping(folder.fileSystem(), mounted);
    this.launch = new ContainerLaunch(pod, grant, node, folder, paths);
    this.end = new PodEnd(pod, node, folder, paths);
    this.oomKills = oomKills;
    this.timer = timer;
    this.backOff = new RestartBackOff(pod.getSpec().getRestartPolicy());
  }

  /** Something in the cluster changed: what was missing may be there now. */
  void poke() {
    synchronized (lock) {
      poked = true;
      lock.notifyAll();
    }
  }

  /** Ends the pod: SIGTERM now, SIGKILL after the grace period. A shorter one may follow. */
  void end(PodEnd.Reason why, Duration graceGiven) {
    ContainerRun running;
    synchronized (lock) {
      if (ending.isPresent() && grace.compareTo(graceGiven) <= 0) {
        return;
      }
      ending = Optional.of(why);
      grace = graceGiven;
      running = run;
      if (preparing != null) {
        preparing.interrupt();
      }
      lock.notifyAll();
    }
    if (running != null) {
      running.stop(graceGiven);
    }
  }

  @Override
  public void run() {
    Optional<ScheduledFuture<?>> deadline = deadline();
    Optional<ContainerExit> last = Optional.empty();
    try {
      LocalImage image = prepareImage();
      for (int restarts = 0; ; restarts++) {
        long begun = System.nanoTime();
        ContainerExit exit = runOnce(image, restarts);
        last = Optional.of(exit);
        if (why().isPresent() || !backOff.again(exit.code())) {
          end.ended(exit, why());
          return;
        }
        await(exit, backOff.delay(Duration.ofNanos(System.nanoTime() - begun)));
      }
    } catch (InterruptedException e) {
      endBetween(last);
    } catch (IOException | RuntimeException e) {
      LOG.error("pod {} failed on this machine", pod.getMetadata().getName(), e);
      synchronized (lock) {
        if (run != null) {
          run.stop(Duration.ZERO);
        }
      }
      end.brokenDown(e);
    } finally {
      deadline.ifPresent(task -> task.cancel(false));
      node.tokens().revoke(pod);
    }
  }

  private void endBetween(Optional<ContainerExit> last) {
    try {
      if (last.isPresent()) {
        end.ended(last.get(), why());
      } else {
        end.neverStarted(why());
      }
    } catch (IOException e) {
      LOG.warn("pod {} was not cleaned up", pod.getMetadata().getName(), e);
    }
  }

  /** Counted from the pod's start here, which its status tells when it is not the first. */
  private Optional<ScheduledFuture<?>> deadline() {
    Long seconds = pod.getSpec().getActiveDeadlineSeconds();
    if (seconds == null) {
      return Optional.empty();
    }
    Duration active =
        pod.getStatus() == null || pod.getStatus().getStartTime() == null
            ? Duration.ZERO
            : Duration.between(
                Instant.parse(pod.getStatus().getStartTime()), Instant.parse(node.writer().now()));
    return Optional.of(
        timer.schedule(
            () -> end(PodEnd.Reason.DeadlineExceeded, PodEnd.ownGrace(pod)),
            Math.max(0, seconds - active.toSeconds()),
            TimeUnit.SECONDS));
  }

  private LocalImage prepareImage() throws InterruptedException {
    Duration delay = FIRST_RETRY;
    while (true) {
      try {
        Optional<LocalImage> ready = node.images().ready(pod, node.inputs());
        if (ready.isPresent()) {
          return ready.get();
        }
        wait("ContainerCreating", "making the Python environment of the runtime");
        synchronized (lock) {
          failIfEnding();
          preparing = Thread.currentThread();
        }
        try {
          return node.images().prepare(pod, node.inputs());
        } finally {
          synchronized (lock) {
            preparing = null;
          }
        }
      } catch (EnvironmentException e) {
        wait("ErrImagePull", e.getMessage());
        node.writer().warning(pod, "Failed", e.getMessage());
        pause(delay, false);
        delay =
            delay.multipliedBy(2).compareTo(LAST_RETRY) > 0 ? LAST_RETRY : delay.multipliedBy(2);
      }
    }
  }

  private ContainerExit runOnce(LocalImage image, int restarts)
      throws InterruptedException, IOException {
    ContainerRun current = start(image);
    String started = node.writer().now();
    boolean probed = ContainerProbes.areAskedFor(container);
    node.writer()
        .edit(pod, p -> ContainerStatuses.running(p, grant.address(), restarts, !probed, started));
    node.writer().milestone(pod, "Started", "Started container " + container.getName());
    long killsBefore = oomKills.count();
    if (probed) {
      current.probe(new ContainerProbes(container, grant.address(), listener(current)));
    }
    int code = current.await();
    return end.exit(code, oomKills.count() > killsBefore, started, why());
  }

  private ContainerRun start(LocalImage image) throws InterruptedException, IOException {
    while (true) {
      synchronized (lock) {
        poked = false;
      }
      try {
        ContainerRun next = new ContainerRun(pod, node, folder, timer);
        ContainerLaunch.Prepared prepared = launch.prepare(image);
        synchronized (lock) {
          failIfEnding();
          next.start(launch, prepared);
          run = next;
        }
        return next;
      } catch (ConfigProblem e) {
        wait("CreateContainerConfigError", e.getMessage());
        pause(MISSING_RETRY, true);
      }
    }
  }

  private ContainerProbes.Listener listener(ContainerRun probed) {
    return new ContainerProbes.Listener() {
      @Override
      public void changed(boolean started, boolean ready) {
        if (!probed.hasEnded()) {
          node.writer()
              .edit(pod, p -> ContainerStatuses.probed(p, started, ready, node.writer().now()));
        }
      }

      @Override
      public void failed(String message) {
        node.writer().warning(pod, "Unhealthy", message);
      }

      @Override
      public void dead(String message) {
        node.writer().milestone(pod, "Killing", message);
        probed.stop(PodEnd.ownGrace(pod));
      }
    };
  }

  private void await(ContainerExit exit, Duration delay) throws InterruptedException {
    String message =
        "back-off %ds restarting failed container=%s pod=%s_%s(%s)"
            .formatted(
                delay.toSeconds(),
                container.getName(),
                pod.getMetadata().getName(),
                pod.getMetadata().getNamespace(),
                pod.getMetadata().getUid());
    node.writer().edit(pod, p -> ContainerStatuses.crashed(p, exit, message, node.writer().now()));
    if (!delay.isZero()) {
      node.writer().warning(pod, "BackOff", message);
    }
    pause(delay, false);
  }

  private Optional<PodEnd.Reason> why() {
    synchronized (lock) {
      return ending;
    }
  }

  private void wait(String reason, String message) throws InterruptedException {
    synchronized (lock) {
      failIfEnding();
    }
    node.writer()
        .edit(
            pod,
            current -> ContainerStatuses.waiting(current, reason, message, node.writer().now()));
  }

  private void pause(Duration longest, boolean untilPoked) throws InterruptedException {
    long end = System.nanoTime() + longest.toNanos();
    synchronized (lock) {
      while (!(untilPoked && poked)) {
        failIfEnding();
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          return;
        }
        lock.wait(left);
      }
    }
  }

  private void failIfEnding() throws InterruptedException {
    if (ending.isPresent()) {
      throw new InterruptedException("the pod ends before it started");
    }
  }
}

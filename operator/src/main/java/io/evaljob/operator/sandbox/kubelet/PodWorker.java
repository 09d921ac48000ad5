package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.ClusterView;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of one pod on this machine: environment, volumes, process, end. Runs in a thread of its
 * own; {@link #end} and {@link #poke} may be called by others at any time.
 */
final class PodWorker implements Runnable {

  private static final Logger LOG = LoggerFactory.getLogger(PodWorker.class);
  private static final Duration FIRST_RETRY = Duration.ofSeconds(10);
  private static final Duration LAST_RETRY = Duration.ofMinutes(5);
  private static final Duration MISSING_RETRY = Duration.ofMinutes(1);
  private static final long LOG_LIMIT = 32L * 1024 * 1024;

  /** How long the last output may take once nobody is left to write more. */
  private static final long OUTPUT_MILLIS = 2_000;

  private final Pod pod;
  private final Container container;
  private final Node node;
  private final ClusterView view;
  private final PodFolder folder;
  private final PathMapping paths;
  private final ContainerLaunch launch;
  private final PodEnd end;
  private final OomKills oomKills;
  private final ScheduledExecutorService timer;
  private final List<ScheduledFuture<?>> timers = new ArrayList<>();

  private final Object lock = new Object();
  private Optional<PodEnd.Reason> ending = Optional.empty();
  private Duration grace = Duration.ZERO;
  private LocalProcess process;
  private Thread output;
  private Thread preparing;
  private boolean poked;

  PodWorker(
      Pod pod, Node node, ClusterView view, OomKills oomKills, ScheduledExecutorService timer) {
    this.pod = pod;
    this.container = pod.getSpec().getContainers().get(0);
    this.node = node;
    this.view = view;
    this.folder = PodFolder.of(node.state(), pod);
    List<String> mounted = new ArrayList<>();
    container.getVolumeMounts().forEach(mount -> mounted.add(mount.getMountPath()));
    mounted.add(PodFolder.terminationPath(container));
    this.paths = new PathMapping(folder.fileSystem(), mounted);
    this.launch = new ContainerLaunch(pod, node, folder, paths);
    this.end = new PodEnd(pod, node, folder, paths);
    this.oomKills = oomKills;
    this.timer = timer;
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
    LocalProcess running;
    synchronized (lock) {
      if (ending.isPresent() && grace.compareTo(graceGiven) <= 0) {
        return;
      }
      ending = Optional.of(why);
      grace = graceGiven;
      running = process;
      if (preparing != null) {
        preparing.interrupt();
      }
      lock.notifyAll();
    }
    if (running != null) {
      stop(running, graceGiven);
    }
  }

  private void stop(LocalProcess running, Duration graceGiven) {
    if (graceGiven.isZero()) {
      running.kill();
      return;
    }
    running.terminate();
    synchronized (timers) {
      timers.add(
          timer.schedule(
              () -> {
                if (!running.onExit().isDone()) {
                  running.kill();
                }
              },
              graceGiven.toMillis(),
              TimeUnit.MILLISECONDS));
    }
  }

  @Override
  public void run() {
    try {
      PythonEnvironment environment = prepareEnvironment();
      startProcess(environment);
      node.writer()
          .editPod(pod, current -> ContainerStatuses.running(current, node.writer().now()));
      String started = node.writer().now();
      long killsBefore = oomKills.count();
      int code = process.await();
      output.join(OUTPUT_MILLIS);
      end.ended(code, oomKills.count() > killsBefore, started, why());
    } catch (InterruptedException e) {
      end.neverStarted(why());
    } catch (IOException | RuntimeException e) {
      LOG.error("pod {} failed on this machine", pod.getMetadata().getName(), e);
      if (process != null) {
        process.kill();
      }
      end.brokenDown(e);
    } finally {
      synchronized (timers) {
        timers.forEach(task -> task.cancel(false));
      }
      node.tokens().revoke(pod.getMetadata().getUid());
    }
  }

  private PythonEnvironment prepareEnvironment() throws InterruptedException {
    Duration delay = FIRST_RETRY;
    while (true) {
      try {
        Optional<PythonEnvironment> ready = node.environments().ready(pod, view);
        if (ready.isPresent()) {
          return ready.get();
        }
        wait("ContainerCreating", "making the Python environment of the runtime");
        synchronized (lock) {
          failIfEnding();
          preparing = Thread.currentThread();
        }
        try {
          return node.environments().prepare(pod, view);
        } finally {
          synchronized (lock) {
            preparing = null;
          }
        }
      } catch (EnvironmentException e) {
        wait("ErrImagePull", e.getMessage());
        node.writer().event(pod, "Warning", "Failed", e.getMessage(), "kubelet");
        pause(delay, false);
        delay =
            delay.multipliedBy(2).compareTo(LAST_RETRY) > 0 ? LAST_RETRY : delay.multipliedBy(2);
      }
    }
  }

  private void startProcess(PythonEnvironment environment)
      throws InterruptedException, IOException {
    while (true) {
      synchronized (lock) {
        poked = false;
      }
      try {
        List<PodVolumes.TokenFile> tokenFiles =
            new PodVolumes(node.claims(), node.tokens()).mount(pod, container, view, folder, paths);
        Map<String, String> variables = launch.variables(environment, view);
        synchronized (lock) {
          failIfEnding();
          process = launch.start(environment, variables);
        }
        output = new Thread(this::copyOutput, "sandbox-output-" + pod.getMetadata().getName());
        output.setDaemon(true);
        output.start();
        tokenFiles.forEach(this::keepFresh);
        return;
      } catch (ConfigProblem e) {
        wait("CreateContainerConfigError", e.getMessage());
        pause(MISSING_RETRY, true);
      }
    }
  }

  private void copyOutput() {
    try {
      new BoundedLog(folder.log(), LOG_LIMIT).copy(process.output());
    } catch (IOException e) {
      LOG.debug("the output of {} ended", pod.getMetadata().getName(), e);
    }
  }

  private void keepFresh(PodVolumes.TokenFile file) {
    long seconds = Math.max(1, file.life().toSeconds() * 8 / 10);
    Runnable renew =
        () -> {
          try {
            new PodVolumes(node.claims(), node.tokens()).refresh(pod, file);
          } catch (IOException e) {
            LOG.warn("the token of {} was not renewed", pod.getMetadata().getName(), e);
          }
        };
    synchronized (timers) {
      timers.add(timer.scheduleAtFixedRate(renew, seconds, seconds, TimeUnit.SECONDS));
    }
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
        .editPod(
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

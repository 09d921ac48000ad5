package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of a container, from its start to its end: process, output, fresh tokens, probes. */
final class ContainerRun {

  private static final Logger LOG = LoggerFactory.getLogger(ContainerRun.class);
  private static final long LOG_LIMIT = 32L * 1024 * 1024;

  /** How long the last output may take once nobody is left to write more. */
  private static final long OUTPUT_MILLIS = 2_000;

  private final Pod pod;
  private final Node node;
  private final PodFolder folder;
  private final ScheduledExecutorService timer;
  private final List<ScheduledFuture<?>> timers = new ArrayList<>();
  private final List<Thread> probes = new ArrayList<>();
  private LocalProcess process;
  private Thread output;
  private volatile boolean ended;

  ContainerRun(Pod pod, Node node, PodFolder folder, ScheduledExecutorService timer) {
    this.pod = pod;
    this.node = node;
    this.folder = folder;
    this.timer = timer;
  }

  /** Starts the process; called once, before anything else. */
  void start(ContainerLaunch launch, ContainerLaunch.Prepared prepared) throws IOException {
    process = launch.start(prepared);
    output = new Thread(this::copyOutput, "sandbox-output-" + pod.getMetadata().getName());
    output.setDaemon(true);
    output.start();
    prepared.tokens().forEach(this::keepFresh);
  }

  /** Probes the container until it ends. */
  void probe(ContainerProbes asked) {
    Thread thread = new Thread(asked, "sandbox-probes-" + pod.getMetadata().getName());
    thread.setDaemon(true);
    synchronized (timers) {
      probes.add(thread);
    }
    thread.start();
  }

  /** Sends SIGTERM now and SIGKILL after the grace period; without one, SIGKILL now. */
  void stop(Duration grace) {
    if (grace.isZero()) {
      process.kill();
      return;
    }
    process.terminate();
    synchronized (timers) {
      timers.add(
          timer.schedule(
              () -> {
                if (!process.onExit().isDone()) {
                  process.kill();
                }
              },
              grace.toMillis(),
              TimeUnit.MILLISECONDS));
    }
  }

  /** True when the process has ended. */
  boolean hasEnded() {
    return ended;
  }

  /**
   * Waits for the end.
   *
   * @return the exit code; 128 + n after signal n
   */
  int await() throws InterruptedException {
    try {
      int code = process.await();
      ended = true;
      output.join(OUTPUT_MILLIS);
      return code;
    } finally {
      ended = true;
      synchronized (timers) {
        timers.forEach(task -> task.cancel(false));
        probes.forEach(Thread::interrupt);
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
            new PodVolumes(node).refresh(pod, file);
          } catch (IOException | RuntimeException e) {
            LOG.warn("the token of {} was not renewed", pod.getMetadata().getName(), e);
          }
        };
    synchronized (timers) {
      timers.add(timer.scheduleAtFixedRate(renew, seconds, seconds, TimeUnit.SECONDS));
    }
  }
}

package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.ClusterView;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
  private static final int MESSAGE_LIMIT = 4096;

  /** How long the last output may take once nobody is left to write more. */
  private static final long OUTPUT_MILLIS = 2_000;

  /** Why a pod is ended from outside. */
  enum Ending {
    /** It was deleted; its end is written down and the finalizer taken off. */
    Deleted,
    /** The machine stops; a pod that never started may start next time. */
    NodeStops,
    /** It is not in the API server any more. */
    Vanished
  }

  private final Pod pod;
  private final Container container;
  private final Node node;
  private final ClusterView view;
  private final PodFolder folder;
  private final PathMapping paths;
  private final OomKills oomKills;
  private final ScheduledExecutorService timer;
  private final List<ScheduledFuture<?>> timers = new ArrayList<>();

  private final Object lock = new Object();
  private Ending ending;
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
  void end(Ending why, Duration graceGiven) {
    LocalProcess running;
    synchronized (lock) {
      if (ending != null && grace.compareTo(graceGiven) <= 0) {
        return;
      }
      ending = why;
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
      finish(code, oomKills.count() > killsBefore, started);
    } catch (InterruptedException e) {
      neverStarted();
    } catch (IOException | RuntimeException e) {
      LOG.error("pod {} failed on this machine", pod.getMetadata().getName(), e);
      brokenDown(e);
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
        Map<String, String> variables = variables(environment);
        Path workingFolder = workingFolder();
        synchronized (lock) {
          failIfEnding();
          process =
              LocalProcess.start(
                  node.python(),
                  folder.record(),
                  command(environment, variables),
                  variables,
                  workingFolder,
                  pod.getMetadata().getUid());
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

  private Map<String, String> variables(PythonEnvironment environment) throws ConfigProblem {
    ContainerEnvironment builder =
        new ContainerEnvironment(node.hostVariables(), node.processVariable());
    Map<String, String> variables = new LinkedHashMap<>(builder.of(pod, container, view, paths));
    List<String> search = new ArrayList<>();
    environment.path().forEach(part -> search.add(part.toString()));
    search.add(variables.getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
    variables.put("PATH", String.join(":", search));
    variables.putAll(environment.variables());
    return variables;
  }

  private List<String> command(PythonEnvironment environment, Map<String, String> variables) {
    List<String> words = new ArrayList<>();
    container.getCommand().forEach(word -> words.add(word(word, variables)));
    container.getArgs().forEach(word -> words.add(word(word, variables)));
    if (words.isEmpty()) {
      throw new IllegalStateException(
          "container " + container.getName() + " has no command, and there is no image to ask");
    }
    if (words.get(0).equals("python3") || words.get(0).equals("python")) {
      words.set(0, environment.python().toString());
    }
    return words;
  }

  private String word(String word, Map<String, String> variables) {
    return paths.rewrite(
        ContainerEnvironment.expand(word, name -> Optional.ofNullable(variables.get(name))));
  }

  private Path workingFolder() throws IOException {
    String given = container.getWorkingDir();
    Path working =
        given == null || given.isEmpty() ? folder.fileSystem() : Path.of(paths.rewrite(given));
    Files.createDirectories(folder.fileSystem());
    if (!Files.isDirectory(working)) {
      Files.createDirectories(working);
    }
    return working;
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

  private void finish(int code, boolean oomKilled, String started) throws IOException {
    Ending why;
    synchronized (lock) {
      why = ending;
    }
    if (why == Ending.Vanished) {
      folder.delete();
      return;
    }
    boolean killed = code == 137;
    String reason =
        code == 0 ? "Completed" : killed && oomKilled && why == null ? "OOMKilled" : "Error";
    String message = terminationMessage(code);
    node.writer()
        .editPod(
            pod,
            current -> {
              Pod ended =
                  ContainerStatuses.terminated(
                      current, code, reason, message, started, node.writer().now());
              return afterEnding(ended, why);
            });
    folder.delete();
  }

  private Pod afterEnding(Pod ended, Ending why) {
    if (why == Ending.NodeStops) {
      ContainerStatuses.disrupted(
          ended,
          "Terminated",
          "Pod was terminated because the evaljob process of this machine was stopped.",
          "TerminationByKubelet",
          node.writer().now());
    }
    return new PodBuilder(ended)
        .editMetadata()
        .removeFromFinalizers(Kubelet.FINALIZER)
        .endMetadata()
        .build();
  }

  private void neverStarted() {
    Ending why;
    synchronized (lock) {
      why = ending;
    }
    try {
      if (why == Ending.Deleted) {
        node.writer()
            .editPod(
                pod,
                current -> {
                  String now = node.writer().now();
                  return afterEnding(
                      ContainerStatuses.terminated(
                          current, 137, "ContainerStatusUnknown", "", now, now),
                      why);
                });
      }
      folder.delete();
    } catch (IOException | RuntimeException e) {
      LOG.warn("pod {} was not cleaned up", pod.getMetadata().getName(), e);
    }
  }

  private void brokenDown(Exception failure) {
    try {
      if (process != null) {
        process.kill();
      }
      String now = node.writer().now();
      node.writer()
          .editPod(
              pod,
              current ->
                  afterEnding(
                      ContainerStatuses.terminated(
                          current,
                          128,
                          "StartError",
                          String.valueOf(failure.getMessage()),
                          now,
                          now),
                      Ending.Deleted));
    } catch (RuntimeException e) {
      LOG.error("the end of pod {} was not written", pod.getMetadata().getName(), e);
    }
  }

  private String terminationMessage(int code) throws IOException {
    Path file = paths.local(PodFolder.terminationPath(container));
    String text = BoundedLog.tail(file, MESSAGE_LIMIT);
    if (text.isEmpty()
        && code != 0
        && "FallbackToLogsOnError".equals(container.getTerminationMessagePolicy())) {
      return BoundedLog.tail(folder.log(), MESSAGE_LIMIT / 2);
    }
    return text;
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
    if (ending != null) {
      throw new InterruptedException("the pod ends before it started");
    }
  }
}

package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.VisibleDevice;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.sandbox.SandboxConfig;
import io.evaljob.operator.validate.ResolvedJob;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

/** One run of the jobs of some files on this machine, from manifests to scores. */
final class MachineRun {

  /** For the clock on the screen; every change of a job wakes the watch up by itself. */
  private static final long LOOK_SECONDS = 1;

  private static final int LOGS_SHOWN = 4;

  private final PrintWriter out;
  private final LiveTable table;
  private final LoadedManifests manifests;
  private final DeviceOptions.Machine machine;
  private final Map<String, String> environment;
  private final AtomicBoolean interrupted = new AtomicBoolean();
  private final Semaphore changed = new Semaphore(0);

  MachineRun(
      PrintWriter out,
      LiveTable table,
      LoadedManifests manifests,
      DeviceOptions.Machine machine,
      Map<String, String> environment) {
    this.out = out;
    this.table = table;
    this.manifests = manifests;
    this.machine = machine;
    this.environment = environment;
  }

  /**
   * Runs to the end of all jobs, or to the first signal.
   *
   * @return the exit code
   */
  int run(Path state, Optional<Path> python, Optional<RunCommand.Format> output)
      throws InterruptedException {
    sayDevices();
    SandboxConfig config = config(state, python);
    try (OneMachine cluster = OneMachine.start(config)) {
      RunLog.to(config.state().resolve("operator.log"));
      Interrupts.handle(this::interrupt, cluster::end);
      List<EvalJob> jobs = apply(cluster);
      if (!jobs.stream().allMatch(RunReport::isFinished)) {
        cluster.reconcile();
        jobs = watch(cluster, jobs);
      } else {
        table.say("finished already, nothing to do; change spec.runID to run it again");
      }
      if (interrupted.get() && !jobs.stream().allMatch(RunReport::isFinished)) {
        return stop(cluster, state);
      }
      report(cluster, config, jobs, output);
      return jobs.stream().allMatch(RunReport::succeeded) ? ExitCode.DONE : ExitCode.FAILED;
    }
  }

  private void sayDevices() {
    List<VisibleDevice> devices = machine.found().devices();
    String names =
        devices.stream()
            .map(
                device ->
                    device.memoryBytes() == 0
                        ? device.id()
                        : device.id() + " (" + Bytes.text(device.memoryBytes()) + ")")
            .collect(Collectors.joining(", "));
    table.say(
        "devices: %s%s".formatted(machine.found().origin(), names.isEmpty() ? "" : ": " + names));
    if (machine.found().pretended()) {
      table.say(
          "WARNING: these devices are PRETENDED: nothing checks that they exist, and a program"
              + " that uses them fails where they do not");
    }
  }

  private SandboxConfig config(Path state, Optional<Path> python) {
    SandboxConfig config = SandboxConfig.of(state).withEvalJobs();
    config =
        config
            .withDevices(
                machine.found().devices(),
                machine.resourceName(),
                machine.accelerator().processVariable())
            .withHost(environment)
            .withEnvironments(SandboxConfig.defaultCache(environment), new InstallNotes(table));
    return python.isPresent() ? config.withPython(python.get()) : config;
  }

  private void interrupt() {
    interrupted.set(true);
    changed.release();
  }

  /** Brings the files into the cluster; the jobs only when all of them can run. */
  private List<EvalJob> apply(OneMachine cluster) {
    ClusterObjects objects = new ClusterObjects(cluster.client());
    List<EvalJob> wanted = manifests.objects().jobs();
    manifests.objects().objects().stream()
        .filter(object -> !(object instanceof EvalJob))
        .forEach(objects::apply);
    labelNamespaces(objects, wanted);
    List<EvalJob> there = objects.jobs(wanted).stream().filter(Objects::nonNull).toList();
    List<EvalJob> unfinished =
        wanted.stream().filter(job -> there.stream().noneMatch(old -> isDone(old, job))).toList();
    refuseSuspended(unfinished);
    List<ResolvedJob> resolved =
        OfflineCheck.check(
            manifests,
            unfinished,
            OfflineInputs.ofCluster(
                objects.all(), new DeviceContext.BareProcess(machine.found().devices())));
    for (ResolvedJob job : resolved) {
      PlanReport.lines(job).forEach(table::say);
      table.say("");
    }
    wanted.forEach(objects::apply);
    return objects.jobs(wanted);
  }

  /**
   * Runtimes choose the namespaces they serve by labels that an administrator sets. Who runs on
   * their own machine is the administrator, so a namespace that no file describes gets them.
   */
  private void labelNamespaces(ClusterObjects objects, List<EvalJob> jobs) {
    ObjectSet files = manifests.objects();
    for (EvalJob job : jobs) {
      String namespace = job.getMetadata().getNamespace();
      if (files.namespace(namespace).isEmpty()) {
        files
            .runtime(job.getSpec().runtimeRef().name())
            .map(OfflineInputs::labelsAsked)
            .filter(labels -> !labels.isEmpty())
            .ifPresent(labels -> objects.label(namespace, labels));
      }
    }
  }

  /** Nobody would resume it: the command would wait for ever. */
  private void refuseSuspended(List<EvalJob> jobs) {
    List<String> suspended =
        jobs.stream()
            .filter(job -> job.getSpec().suspendOrDefault())
            .map(
                job ->
                    manifests.place(job, "spec.suspend")
                        + ": spec.suspend: true keeps the run from starting; remove it. Ctrl-C"
                        + " stops a run on this machine, and the same command resumes it.")
            .toList();
    if (!suspended.isEmpty()) {
      throw new Refused(suspended);
    }
  }

  private static boolean isDone(EvalJob old, EvalJob wanted) {
    return LoadedManifests.isSame(old, wanted)
        && RunReport.isFinished(old)
        && old.getSpec().equals(wanted.getSpec());
  }

  private List<EvalJob> watch(OneMachine cluster, List<EvalJob> jobs) throws InterruptedException {
    try (SharedIndexInformer<EvalJob> informer =
        cluster.client().resources(EvalJob.class).inAnyNamespace().inform(new Wake())) {
      List<EvalJob> now = jobs;
      while (!interrupted.get() && !now.stream().allMatch(RunReport::isFinished)) {
        table.show(now);
        changed.tryAcquire(LOOK_SECONDS, TimeUnit.SECONDS);
        changed.drainPermits();
        now = newest(informer.getStore().list(), now);
      }
      table.finish(now);
      return now;
    }
  }

  private static List<EvalJob> newest(List<EvalJob> all, List<EvalJob> known) {
    return known.stream()
        .map(
            job ->
                all.stream()
                    .filter(other -> LoadedManifests.isSame(job, other))
                    .findFirst()
                    .orElse(job))
        .toList();
  }

  private int stop(OneMachine cluster, Path state) {
    table.say("stopping: what is done is kept (Ctrl-C again does not wait) ...");
    cluster.stop();
    table.say("stopped; run the same command again to go on from " + state);
    return ExitCode.INTERRUPTED;
  }

  private void report(
      OneMachine cluster,
      SandboxConfig config,
      List<EvalJob> jobs,
      Optional<RunCommand.Format> output) {
    if (output.isPresent()) {
      Object printed = jobs.size() == 1 ? jobs.get(0) : list(jobs);
      out.println(
          output.get() == RunCommand.Format.json
              ? ObjectText.json(printed)
              : ObjectText.yaml(printed));
    } else {
      RunReport.scores(jobs).forEach(out::println);
    }
    out.flush();
    for (EvalJob job : jobs) {
      RunReport.ending(job).forEach(table::say);
      if (!RunReport.succeeded(job)) {
        logs(cluster, job).forEach(log -> table.say("  log: " + log));
      }
    }
    table.say("everything the run wrote is in " + config.state());
  }

  /** As kubectl prints several objects. */
  private static Map<String, Object> list(List<EvalJob> jobs) {
    Map<String, Object> list = new LinkedHashMap<>();
    list.put("apiVersion", "v1");
    list.put("kind", "List");
    list.put("items", jobs);
    return list;
  }

  private static List<Path> logs(OneMachine cluster, EvalJob job) {
    List<Path> logs = new ArrayList<>();
    String namespace = job.getMetadata().getNamespace();
    for (Pod pod :
        cluster
            .client()
            .pods()
            .inNamespace(namespace)
            .withLabel(Labels.JOB, job.getMetadata().getName())
            .list()
            .getItems()) {
      Path log = cluster.sandbox().log(namespace, pod.getMetadata().getName());
      boolean failed = pod.getStatus() != null && "Failed".equals(pod.getStatus().getPhase());
      if (failed && Files.exists(log) && logs.size() < LOGS_SHOWN) {
        logs.add(log);
      }
    }
    return logs;
  }

  /** Wakes the watch up on every change of a job. */
  private final class Wake implements ResourceEventHandler<EvalJob> {
    @Override
    public void onAdd(EvalJob job) {
      changed.release();
    }

    @Override
    public void onUpdate(EvalJob before, EvalJob after) {
      changed.release();
    }

    @Override
    public void onDelete(EvalJob job, boolean unknown) {
      changed.release();
    }
  }
}

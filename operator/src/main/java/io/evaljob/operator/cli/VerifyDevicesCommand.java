package io.evaljob.operator.cli;

import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.VisibleDevice;
import io.evaljob.operator.sandbox.SandboxConfig;
import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.sandbox.kubelet.EnvironmentException;
import io.evaljob.operator.sandbox.kubelet.InstallProgress;
import io.evaljob.operator.sandbox.kubelet.ProgressListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evaljob verify-devices}: a small model, split by plan over the devices that are here. */
@Command(
    name = "verify-devices",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Shows whether splits work on this machine before a large model is loaded: checks the NVIDIA"
          + " devices that are visible against a plan, loads a small model with random weights"
          + " split over all of them, generates, and prints planned against loaded bytes of each"
          + " device. With two or more devices the answer is compared with that of the same model"
          + " on one device.",
      "One device cannot show a split, and a machine without devices can show no more than that the"
          + " plan names every module of the model: the command says so and ends with 3."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:Two or more devices: all of the above is right.",
      "1:Something is wrong; the output says what.",
      "2:Wrong command line.",
      "3:Nothing is wrong, but with no device or only one not everything could be shown.",
      "130:Stopped by Ctrl-C."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  evaljob verify-devices",
      "  CUDA_VISIBLE_DEVICES=4,5,6,7 evaljob verify-devices --python ~/venv/bin/python",
      "  evaljob verify-devices --devices 8:79Gi     no device is touched: the plan for eight"
    })
final class VerifyDevicesCommand implements Callable<Integer> {

  /** The model has 24 layers: each device gets at least one. */
  private static final int MOST_DEVICES = 16;

  /** What the plan is made for where there is no device. */
  private static final int PRETENDED = 4;

  @Spec private CommandSpec spec;
  @Mixin private DeviceOptions devices = new DeviceOptions();

  @Option(
      names = "--python",
      paramLabel = "PATH",
      description =
          "Python interpreter of an environment with torch, transformers (4.52 or newer) and"
              + " accelerate. Default: one is made under ~/.cache/evaljob, about 3 GB to download,"
              + " once for this machine.")
  private Optional<Path> python = Optional.empty();

  private volatile Optional<RunnerProgram> running = Optional.empty();

  @Override
  public Integer call() {
    Map<String, String> environment = Main.environment(spec);
    DeviceOptions.Machine machine = devices.find(List.of(), environment);
    boolean real = !machine.found().pretended() && !machine.found().devices().isEmpty();
    List<VisibleDevice> visible = machine.found().devices();
    if (visible.isEmpty()) {
      visible =
          IntStream.range(0, PRETENDED)
              .mapToObj(id -> new VisibleDevice(Integer.toString(id), 0))
              .toList();
    }
    if (visible.size() > MOST_DEVICES) {
      throw new UsageProblem(
          "%d devices are visible, and the model has layers for %d; name fewer in %s"
              .formatted(visible.size(), MOST_DEVICES, machine.accelerator().processVariable()));
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        real
            ? "devices: %d, %s".formatted(visible.size(), machine.found().origin())
            : "devices: %s; a plan for %d pretended ones"
                .formatted(machine.found().origin(), visible.size()));
    out.flush();
    LiveTable table = new LiveTable(spec.commandLine().getErr(), Terminal.detect());
    Thread worker = Thread.currentThread();
    Interrupts.handle(() -> stop(worker), () -> Runtime.getRuntime().halt(ExitCode.INTERRUPTED));
    try {
      Path folder = Files.createTempDirectory("evaljob-verify-");
      try {
        return verify(folder, new DeviceContext.BareProcess(visible), real, environment, table);
      } finally {
        ClaimBinder.delete(folder);
      }
    } catch (InterruptedException e) {
      table.note("");
      table.say("stopped; the same command begins again");
      return ExitCode.INTERRUPTED;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends what a terminal's Ctrl-C does not reach: pip has a session of its own. */
  private void stop(Thread worker) {
    worker.interrupt();
    running.ifPresent(RunnerProgram::stop);
  }

  private int verify(
      Path folder,
      DeviceContext.BareProcess context,
      boolean real,
      Map<String, String> environment,
      LiveTable table)
      throws IOException, InterruptedException {
    RunnerProgram program;
    try {
      program =
          RunnerProgram.in(
              folder,
              python,
              SandboxConfig.defaultCache(environment),
              environment(environment, context, real),
              installing(table));
    } catch (EnvironmentException e) {
      throw new CannotRun(e.getMessage(), e);
    }
    running = Optional.of(program);
    table.say("making a small model; the first time torch may take minutes to load from disk");
    Path model = folder.resolve("model");
    PrintWriter out = spec.commandLine().getOut();
    int made = program.run(out, "verify-make", model.toString());
    if (made != ExitCode.DONE) {
      out.println("FAILED: the model was not made (exit " + made + ")");
      out.flush();
      return ExitCode.FAILED;
    }
    Path plan = folder.resolve("plan.json");
    Files.writeString(plan, VerifiedPlan.of(folder, model.resolve("profile.json"), context));
    int code =
        program.run(out, "verify-load", plan.toString(), model.toString(), real ? "real" : "names");
    return code == ExitCode.DONE || code == ExitCode.NOT_SHOWN ? code : ExitCode.FAILED;
  }

  /** How it goes, except why it failed: that is the command's own error. */
  private static ProgressListener installing(LiveTable table) {
    InstallNotes notes = new InstallNotes(table);
    return progress -> {
      if (progress.step() == InstallProgress.Step.Failed) {
        table.note("");
      } else {
        notes.progress(progress);
      }
    };
  }

  private static Map<String, String> environment(
      Map<String, String> environment, DeviceContext.BareProcess context, boolean real) {
    Map<String, String> all = new HashMap<>(environment);
    all.keySet().removeIf(name -> name.equals("RANK") || name.equals("WORLD_SIZE"));
    all.put("HF_HUB_OFFLINE", "1");
    all.put("TOKENIZERS_PARALLELISM", "false");
    all.put(
        "CUDA_VISIBLE_DEVICES",
        real ? String.join(",", context.devices().stream().map(VisibleDevice::id).toList()) : "");
    return all;
  }
}

package io.evaljob.operator.cli;

import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.operator.profile.CheckpointException;
import io.evaljob.operator.profile.LocalModel;
import io.evaljob.operator.validate.Catalogue;
import io.evaljob.operator.validate.LayeredProfiles;
import io.evaljob.operator.validate.ResolvedProfile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code evaljob profile}: makes a ModelProfile of a model on disk. */
@Command(
    name = "profile",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Makes the ModelProfile of a model on disk: the bytes of its vision tower, connector,"
          + " embedding, every layer, norm and head, and the KV cache of a token. With it a plan"
          + " can check the fit and split the model.",
      "Reads config.json and the headers of the safetensors files, never a weight: sharded or in one"
          + " file, quantised or not. 400 GB take a second or two.",
      "The profile goes to standard output, what you should know about it to standard error."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:The profile is printed.",
      "1:A file is missing or broken; the message names it and the place in it.",
      "2:Wrong command line."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  evaljob profile /models/sft/step-1200 --name sft > sft.yaml",
      "  evaljob plan job.yaml sft.yaml         with profileName: sft at the model of the job",
      "  kubectl apply -n vlm -f sft.yaml       for the EvalJobs of a namespace",
      "  evaljob profile /models/sft --catalog-entry InternVL3-78B | evaljob plan job.yaml -",
      "  evaljob profile ~/.cache/huggingface/hub/models--Qwen--Qwen2.5-VL-7B-Instruct"
    })
final class ProfileCommand implements Callable<Integer> {

  /** How the profile is printed. */
  enum Format {
    /** For people, kubectl and the other commands. */
    yaml,
    /** For programs. */
    json
  }

  private static final int MAX_NAME = 63;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "PATH",
      description =
          "Folder of the model, with config.json and *.safetensors; a model's folder in a hub cache;"
              + " or one safetensors file that has config.json beside it.")
  private Path path = Path.of("");

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the profile (default: made from the folder's name).")
  private Optional<String> name = Optional.empty();

  @Option(
      names = "--catalog-entry",
      paramLabel = "ENTRY",
      description = {
        "Entry of the harness's catalogue that shall find this profile by itself. If the built-in"
            + " catalogue knows it, the profile takes over which loader it has in each vintage and"
            + " on how many devices it can be. May be repeated.",
        "Without it: models name the profile by profileName, and transformers is taken to load it."
      })
  private List<String> entries = List.of();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "yaml|json",
      defaultValue = "yaml",
      description = "Form of the profile (default: ${DEFAULT-VALUE}).")
  private Format format = Format.yaml;

  @Override
  public Integer call() {
    String profileName = name.map(this::checked).orElseGet(this::folderName);
    LocalModel model;
    try {
      model = LocalModel.read(path);
    } catch (CheckpointException e) {
      throw new CannotRun(e.getMessage(), e);
    }
    Optional<ResolvedProfile> known =
        entries.stream().flatMap(entry -> builtIn(entry).stream()).findFirst();
    ModelProfile profile = LocalProfile.of(profileName, model, entries, known);
    LocalProfile.check(profile);
    PrintWriter out = spec.commandLine().getOut();
    out.println(format == Format.json ? ObjectText.json(profile) : ObjectText.yaml(profile));
    out.flush();
    PrintWriter err = spec.commandLine().getErr();
    err.println(LocalProfile.summary(profileName, model));
    if (known.isEmpty()) {
      err.println(
          "note: transformers is taken to load it in every vintage of VLMEvalKit; correct"
              + " spec.loaders where its class does otherwise, or name a --catalog-entry");
    }
    model.notes().forEach(note -> err.println("note: " + note));
    err.flush();
    return ExitCode.DONE;
  }

  private static Optional<ResolvedProfile> builtIn(String entry) {
    return new LayeredProfiles(List.of(), "", new Catalogue()).byCatalogEntry("", entry);
  }

  private String checked(String given) {
    if (!given.matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?") || given.length() > MAX_NAME) {
      throw new ParameterException(
          spec.commandLine(),
          "--name: %s is no name of an object; use at most %d lower-case letters, digits and -, such"
                  .formatted(given, MAX_NAME)
              + " as "
              + objectName(given));
    }
    return given;
  }

  private String folderName() {
    Path absolute = path.toAbsolutePath().normalize();
    Path folder = absolute.toString().endsWith(".safetensors") ? absolute.getParent() : absolute;
    Path above = folder == null ? null : folder.getParent();
    if (above != null && above.endsWith("snapshots") && above.getParent() != null) {
      folder = above.getParent();
    }
    Path last = folder == null ? null : folder.getFileName();
    return objectName(last == null ? "" : last.toString());
  }

  /** The nearest name that Kubernetes takes; of a hub cache's folder the model's part. */
  private static String objectName(String text) {
    String model = text.startsWith("models--") ? text.substring(text.lastIndexOf("--") + 2) : text;
    String name =
        model.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-+", "");
    String cut = name.length() > MAX_NAME ? name.substring(0, MAX_NAME) : name;
    String trimmed = cut.replaceAll("-+$", "");
    return trimmed.isEmpty() ? "model" : trimmed;
  }
}

package io.evaljob.operator.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evaljob plan}: which process gets which devices, and what lies on each of them. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Prints the plan of every model: processes, the devices each of them sees, and the split over"
          + " them with its loads. Needs no cluster and no device.",
      "The plan is made by the operator's own code and is what `evaljob run` and a cluster use."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:Every model has a plan.",
      "1:A manifest is wrong, or a model cannot be planned.",
      "2:Wrong command line."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  evaljob plan deploy/examples/split-78b.yaml",
      "  CUDA_VISIBLE_DEVICES=4,5,6,7 evaljob plan --devices 4:79Gi"
          + " deploy/examples/visible-devices.yaml",
      "  evaljob plan -o json job.yaml runtime.yaml"
    })
final class PlanCommand implements Callable<Integer> {

  private static final JsonMapper JSON = new JsonMapper();

  /** How the plan is printed. */
  enum Format {
    /** For people. */
    table,
    /** For programs: the document that the runner in the pod reads. */
    json
  }

  @Spec private CommandSpec spec;
  @Mixin private ManifestFiles files = new ManifestFiles();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|json",
      defaultValue = "table",
      description = "Form of the plan (default: ${DEFAULT-VALUE}).")
  private Format format = Format.table;

  @Mixin private PlanContext context = new PlanContext();

  @Override
  public Integer call() {
    List<ResolvedJob> jobs = OfflineJobs.resolve(files, context, Main.environment(spec));
    PrintWriter out = spec.commandLine().getOut();
    if (format == Format.json) {
      out.println(json(jobs));
    } else {
      String separator = "";
      for (ResolvedJob job : jobs) {
        out.print(separator);
        PlanReport.lines(job).forEach(out::println);
        separator = System.lineSeparator();
      }
    }
    out.flush();
    return ExitCode.DONE;
  }

  private static String json(List<ResolvedJob> jobs) {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode items = root.putArray("items");
    try {
      for (ResolvedJob job : jobs) {
        ObjectNode item = items.addObject();
        item.put("namespace", job.job().getMetadata().getNamespace());
        item.put("name", job.job().getMetadata().getName());
        item.put("runtime", job.runtime().getMetadata().getName());
        ArrayNode plans = item.putArray("plans");
        OfflineChildren children = new OfflineChildren();
        for (ResolvedModel model : job.models()) {
          plans.add(JSON.readTree(children.planDocument(job, model)));
        }
      }
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a plan is no JSON", e);
    }
  }
}

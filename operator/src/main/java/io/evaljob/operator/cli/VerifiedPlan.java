package io.evaljob.operator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.validate.ResolvedJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;

/** The plan of the model that {@code verify-devices} loads, made as the plan of any EvalJob is. */
final class VerifiedPlan {

  private static final JsonMapper JSON = new JsonMapper();
  private static final String NAME = "verify-devices";

  private VerifiedPlan() {}

  /**
   * The plan as the runner reads it, JSON.
   *
   * @param folder where the manifests are written
   * @param blocks the blocks of the model's profile, JSON
   */
  static String of(Path folder, Path blocks, DeviceContext.BareProcess context) throws IOException {
    JsonNode profile = JSON.readTree(Files.readAllBytes(blocks));
    int devices = context.devices().size();
    Path file = folder.resolve("manifests.yaml");
    Files.writeString(
        file,
        String.join(
            "\n---\n",
            profile(profile, devices).toString(),
            runtime().toString(),
            job(devices).toString()));
    ManifestFiles files = CommandLine.populateCommand(new ManifestFiles(), file.toString());
    LoadedManifests manifests = files.load();
    ObjectSet objects = OfflineJobs.requireJobs(files, manifests);
    ResolvedJob job =
        OfflineCheck.check(manifests, objects.jobs(), OfflineInputs.ofFiles(objects, context))
            .get(0);
    return new OfflineChildren().planDocument(job, job.models().get(0));
  }

  private static ObjectNode object(String kind) {
    ObjectNode object = JSON.createObjectNode();
    object.put("apiVersion", "evaljob.io/v1alpha1");
    object.put("kind", kind);
    object.putObject("metadata").put("name", NAME);
    return object;
  }

  private static ObjectNode profile(JsonNode blocks, int devices) {
    ObjectNode profile = object("ModelProfile");
    ObjectNode spec = profile.putObject("spec");
    spec.putArray("catalogEntries").add(NAME);
    spec.putArray("loaders")
        .addObject()
        .put("dialect", "StatusFile")
        .put("loader", "Transformers")
        .put("canSplit", true);
    spec.putArray("allowedDeviceCounts").add(devices);
    spec.set("blocks", blocks);
    return profile;
  }

  private static ObjectNode runtime() {
    ObjectNode runtime = object("EvalRuntime");
    ObjectNode spec = runtime.putObject("spec");
    spec.put("harness", "VLMEvalKit");
    spec.putObject("vlmevalkit").put("dialect", "StatusFile");
    spec.put("image", "none:here");
    ObjectNode resources = spec.putObject("resources");
    for (String stage : new String[] {"prefetch", "infer", "score"}) {
      resources.putObject(stage).put("cpu", "1").put("memory", "1Gi");
    }
    spec.putObject("allow").putObject("namespaceSelector");
    return runtime;
  }

  private static ObjectNode job(int devices) {
    ObjectNode job = object("EvalJob");
    ObjectNode spec = job.putObject("spec");
    spec.putObject("runtimeRef").put("name", NAME);
    spec.putArray("models").addObject().put("name", NAME);
    spec.putArray("datasets").addObject().put("name", "none");
    spec.putObject("accelerator").put("devicesPerProcess", devices).put("processes", 1);
    spec.putObject("split")
        .put("strategy", devices > 1 ? "Layers" : "Auto")
        .put("contextTokens", 0);
    spec.putObject("scoring").put("mode", "ExactMatching");
    return job;
  }
}

package io.evaljob.operator.scenario;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;

/** Manifests of scenarios. */
final class Samples {

  private Samples() {}

  /** Runtimes have no namespace: each test has one under a name of its own. */
  static String runtimeName(String namespace) {
    return "command-of-" + namespace;
  }

  /** A runtime for the EvalJobs of a namespace, whose pods run on one node. */
  static EvalRuntime runtime(String namespace, String node) {
    return Serialization.unmarshal(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalRuntime
        metadata: {name: NAME}
        spec:
          harness: Command
          command: {args: [python3, /opt/eval.py]}
          image: registry/eval:1
          allow:
            namespaceSelector: {}
            nodeSelectorKeys: [pool]
            priorityClassNames: ["urgent-*"]
          pod:
            nodeSelector: {kubernetes.io/hostname: NODE}
        """
            .replace("NAME", runtimeName(namespace))
            .replace("NODE", node),
        EvalRuntime.class);
  }

  static EvalJob job(String namespace, String name, String... models) {
    StringBuilder list = new StringBuilder();
    for (String model : models) {
      list.append("  - {name: ").append(model).append(", devicesPerProcess: 1, processes: 2}\n");
    }
    return Serialization.unmarshal(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalJob
        metadata: {name: NAME, namespace: SPACE}
        spec:
          runtimeRef: {name: RUNTIME}
          models:
        MODELS
          datasets:
          - {name: one}
          - {name: two}
        """
            .replace("NAME", name)
            .replace("RUNTIME", runtimeName(namespace))
            .replace("SPACE", namespace)
            .replace("MODELS\n", list),
        EvalJob.class);
  }

  /** The runtime as an administrator's edit leaves it. */
  static EvalRuntime withAnotherImage(EvalRuntime runtime) {
    ObjectNode tree = new ObjectMapper().valueToTree(runtime);
    ((ObjectNode) tree.get("spec")).put("image", "registry/eval:2");
    return Serialization.unmarshal(Serialization.asJson(tree), EvalRuntime.class);
  }

  /** The runtime with pods that stay on a node with a taint. */
  static EvalRuntime tolerating(EvalRuntime runtime, String taint) {
    ObjectNode tree = new ObjectMapper().valueToTree(runtime);
    ((ObjectNode) tree.at("/spec/pod"))
        .putArray("tolerations")
        .addObject()
        .put("key", taint)
        .put("operator", "Exists");
    return Serialization.unmarshal(Serialization.asJson(tree), EvalRuntime.class);
  }

  /** The runtime as an administrator's edit leaves it that lets pods run for a day. */
  static EvalRuntime withLimitedTime(EvalRuntime runtime) {
    ObjectNode tree = new ObjectMapper().valueToTree(runtime);
    ((ObjectNode) tree.get("spec")).putObject("limits").put("maxActiveSeconds", 86400);
    return Serialization.unmarshal(Serialization.asJson(tree), EvalRuntime.class);
  }

  static EvalJob oneAtATime(EvalJob job) {
    return edited(job, "maxConcurrentModels", 1);
  }

  /** What is known of a model: how many devices of a process it can use. */
  static ModelProfile profile(String namespace, String model, Integer... counts) {
    return Serialization.unmarshal(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: ModelProfile
        metadata: {name: MODEL, namespace: SPACE}
        spec:
          catalogEntries: [MODEL]
          allowedDeviceCounts: COUNTS
        """
            .replace("MODEL", model)
            .replace("SPACE", namespace)
            .replace("COUNTS", List.of(counts).toString()),
        ModelProfile.class);
  }

  /** The job with larger plans after an out-of-memory. */
  static EvalJob replanned(EvalJob job) {
    return edited(job, "split", Map.of("onOutOfMemory", "Replan"));
  }

  /** The job with one process and one device for its model. */
  static EvalJob onOneDevice(EvalJob job, String model) {
    return edited(
        job, "models", List.of(Map.of("name", model, "devicesPerProcess", 1, "processes", 1)));
  }

  /** The job with one field of its spec set. */
  static EvalJob edited(EvalJob job, String field, Object value) {
    ObjectNode tree = new ObjectMapper().valueToTree(job);
    ((ObjectNode) tree.get("spec")).putPOJO(field, value);
    return Serialization.unmarshal(Serialization.asJson(tree), EvalJob.class);
  }

  /** A Job that nobody of ours made, under a name that we would use. */
  static Job strangersJob(String namespace, String name) {
    return new JobBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(namespace)
        .endMetadata()
        .withNewSpec()
        .withSuspend(true)
        .withNewTemplate()
        .withNewSpec()
        .withRestartPolicy("Never")
        .addNewContainer()
        .withName("x")
        .withImage("registry/strange:1")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  static PersistentVolumeClaim strangersClaim(String namespace, String name) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(namespace)
        .endMetadata()
        .withNewSpec()
        .withAccessModes("ReadWriteOnce")
        .withNewResources()
        .addToRequests("storage", new Quantity("1Gi"))
        .endResources()
        .endSpec()
        .build();
  }
}

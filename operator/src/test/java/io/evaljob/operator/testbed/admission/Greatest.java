package io.evaljob.operator.testbed.admission;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** An EvalJob with every list, map and text as long as the schema allows, all at once. */
final class Greatest {

  private static final String NAME = "n".repeat(52);

  private Greatest() {}

  static ObjectNode evalJob() {
    ObjectNode object = CaseFile.of("evaljob/valid-everything.yaml").object();
    ((ObjectNode) object.get("metadata")).put("name", NAME);
    ObjectNode spec = (ObjectNode) object.get("spec");
    ArrayNode volumes = ((ObjectNode) spec.get("storage")).putArray("volumes");
    for (int i = 0; i < 8; i++) {
      volumes
          .addObject()
          .put("name", text("v", i, 63))
          .put("claimName", text("c", i, 253))
          .put("subPath", text("s", i, 512));
    }
    ArrayNode models = spec.putArray("models");
    for (int i = 0; i < 64; i++) {
      ObjectNode model =
          models
              .addObject()
              .put("name", text("m", i, 40))
              .put("catalogEntry", text("e", i, 128))
              .put("profileName", text("p", i, 253))
              .put("devicesPerProcess", 64)
              .put("processes", 64);
      model.putObject("volume").put("name", text("v", 7, 63)).put("path", path(i));
      // One model leaves its share to the next, because Replan has to have something to plan.
      for (int k = 0; i > 0 && k < (i == 1 ? 64 : 32); k++) {
        model.withObject("/deviceMap").put(text("d", k, 128), 63);
      }
      ObjectNode parameters = model.putObject("parameters");
      for (int k = 0; k < 4; k++) {
        parameters.put(text("q", k, 128), "x".repeat(1024));
      }
    }
    ArrayNode datasets = spec.putArray("datasets");
    for (int i = 0; i < 8; i++) {
      datasets
          .addObject()
          .put("name", text("d", i, 128))
          .putObject("volume")
          .put("name", text("v", 7, 63))
          .put("path", path(i));
    }
    ArrayNode env = spec.putArray("env");
    for (int i = 0; i < 64; i++) {
      env.addObject().put("name", text("E", i, 128)).put("value", "x".repeat(4096));
    }
    ObjectNode placement = spec.putObject("placement");
    ObjectNode selector = placement.putObject("nodeSelector");
    ArrayNode tolerations = placement.putArray("tolerations");
    for (int i = 0; i < 16; i++) {
      selector.put(text("x", i, 253) + "/" + text("k", i, 63), text("v", i, 63));
      tolerations
          .addObject()
          .put("key", text("x", i, 253) + "/" + text("k", i, 63))
          .put("operator", "Equal")
          .put("value", text("v", i, 63))
          .put("effect", "NoExecute")
          .put("tolerationSeconds", 31536000);
    }
    return object;
  }

  /** The status of such a job while it runs, messages as long as the operator makes them. */
  static ObjectNode status() {
    ObjectNode status =
        (ObjectNode) CaseFile.of("status/valid-everything.yaml").object().get("status");
    ObjectNode model = (ObjectNode) status.at("/models/0").deepCopy();
    ((ObjectNode) model.get("lastFailure")).put("message", "x".repeat(512));
    ArrayNode ids = model.putArray("deviceIDs");
    ArrayNode weights = model.putArray("deviceWeights");
    for (int i = 0; i < 16; i++) {
      ids.add(text("GPU", i, 64));
      weights
          .addObject()
          .put("index", i)
          .put("plannedBytes", 1L << 40)
          .put("loadedBytes", 1L << 40);
    }
    model.putObject("smokeTest").put("outcome", "SplitOnly").put("message", "x".repeat(512));
    ArrayNode models = status.putArray("models");
    for (int i = 0; i < 64; i++) {
      models.add(model.deepCopy().put("name", text("m", i, 40)));
    }
    ObjectNode row = (ObjectNode) status.at("/results/0").deepCopy();
    ArrayNode rows = status.putArray("results");
    for (int i = 0; i < 64; i++) {
      rows.add(row.deepCopy().put("message", "x".repeat(512)));
    }
    return status;
  }

  /** A path of many parts: the rule against .. takes it apart. */
  private static String path(int number) {
    return text("a/".repeat(200), number, 512);
  }

  private static String text(String start, int number, int length) {
    String tail = Integer.toString(number);
    return start + "x".repeat(length - start.length() - tail.length()) + tail;
  }
}

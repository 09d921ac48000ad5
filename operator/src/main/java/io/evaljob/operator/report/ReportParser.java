package io.evaljob.operator.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.Preflight;
import io.evaljob.operator.observe.StageFailure;
import io.evaljob.operator.observe.StageReport;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Reads the body of a report. Nothing in it is trusted: who reports is taken from the pod's
 * identity, names must be in the job's plan, numbers and strings are bounded, and strings
 * printable. Fields of a newer runner are ignored.
 */
final class ReportParser {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

  private static final int MESSAGE = 512;
  private static final int NAME = 128;
  private static final int SCORE = 64;
  private static final int OUTCOME = 32;
  private static final int DEVICES = 64;
  private static final int VERSIONS = 32;
  private static final int NOTES = 16;

  /** Causes that only the operator can find: a pod that names one did not learn it from us. */
  private static final Set<FailureCause> NOT_FOR_PODS =
      Set.of(FailureCause.Evicted, FailureCause.NodeLost, FailureCause.DeadlineExceeded);

  private final JsonNode body;

  private ReportParser(JsonNode body) {
    this.body = body;
  }

  /**
   * Reads the JSON.
   *
   * @throws HttpRefusal 400 when it is not a JSON object of a known schema version
   */
  static ReportParser of(String text) throws HttpRefusal {
    JsonNode body;
    try {
      body = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new HttpRefusal(
          400, "the body is not JSON: " + Text.clean(e.getOriginalMessage(), 200));
    }
    if (body == null || !body.isObject()) {
      throw new HttpRefusal(400, "the body is not a JSON object");
    }
    if (!"1".equals(body.path("schemaVersion").asText())) {
      throw new HttpRefusal(400, "schemaVersion: only \"1\" is known");
    }
    return new ReportParser(body);
  }

  /** The pod the report claims to come from. */
  String podUid() throws HttpRefusal {
    JsonNode uid = body.path("podUID");
    if (!uid.isTextual() || uid.asText().isEmpty() || uid.asText().length() > NAME) {
      throw new HttpRefusal(400, "podUID: is missing or not a string");
    }
    return uid.asText();
  }

  /**
   * The report of this pod.
   *
   * @throws HttpRefusal 400 naming the field that cannot be used; 403 when the report is of another
   *     stage or attempt than the pod runs
   */
  StageReport read(PodIdentity pod) throws HttpRefusal {
    Stage stage = Stage.of(body.path("stage").asText());
    long attempt = count(body, "attempt", "attempt", 1);
    if (stage != pod.stage() || attempt != pod.attempt()) {
      throw new HttpRefusal(
          403, "the pod runs " + pod.stage() + ", attempt " + pod.attempt() + ", and no other");
    }
    JsonNode lastNode = body.path("final");
    if (!lastNode.isMissingNode() && !lastNode.isBoolean()) {
      throw new HttpRefusal(400, "final: is not true or false");
    }
    boolean last = lastNode.asBoolean();
    List<ResultRow> results = results(pod);
    Optional<StageFailure> failure = failure();
    if (!last && (!results.isEmpty() || failure.isPresent())) {
      throw new HttpRefusal(400, "results and failure belong to the final report");
    }
    return new StageReport(
        pod.namespace(),
        pod.job(),
        pod.jobUid(),
        pod.model(),
        pod.podName(),
        pod.podUid(),
        stage,
        pod.attempt(),
        count(body, "sequence", "sequence", 1),
        last,
        progress(),
        preflight(),
        results,
        failure);
  }

  private Progress progress() throws HttpRefusal {
    JsonNode node = body.path("progress");
    if (!node.isObject()) {
      throw new HttpRefusal(400, "progress: is missing or not an object");
    }
    long samplesTotal = count(node, "samplesTotal", "progress.samplesTotal", 0);
    long samplesDone = count(node, "samplesDone", "progress.samplesDone", 0);
    long datasetsTotal = count(node, "datasetsTotal", "progress.datasetsTotal", 0);
    long datasetsDone = count(node, "datasetsDone", "progress.datasetsDone", 0);
    return new Progress(
        samplesDone,
        samplesTotal,
        datasetsDone,
        datasetsTotal,
        percent(
            samplesTotal > 0 ? samplesDone : datasetsDone,
            samplesTotal > 0 ? samplesTotal : datasetsTotal),
        null);
  }

  private static int percent(long done, long total) {
    return total <= 0 ? 0 : (int) (100L * Math.min(done, total) / total);
  }

  private Optional<Preflight> preflight() throws HttpRefusal {
    JsonNode node = body.path("preflight");
    if (!node.isObject()) {
      return Optional.empty();
    }
    List<Preflight.SeenDevice> devices = new ArrayList<>();
    for (JsonNode device : items(node, "devices", "preflight.devices", DEVICES)) {
      devices.add(
          new Preflight.SeenDevice(
              (int) Math.min(1024, count(device, "logical", "preflight.devices.logical", 0)),
              text(device, "physical", NAME),
              count(device, "memoryBytes", "preflight.devices.memoryBytes", 0),
              optional(device, "plannedBytes", "preflight.devices.plannedBytes"),
              optional(device, "loadedBytes", "preflight.devices.loadedBytes")));
    }
    Map<String, String> versions = new TreeMap<>();
    for (Map.Entry<String, JsonNode> version : node.path("versions").properties()) {
      if (versions.size() < VERSIONS) {
        versions.put(
            Text.clean(version.getKey(), NAME), Text.clean(version.getValue().asText(), NAME));
      }
    }
    List<String> notes = new ArrayList<>();
    for (JsonNode note : items(node, "notes", "preflight.notes", NOTES)) {
      notes.add(Text.clean(note.asText(), MESSAGE));
    }
    String dialect = text(node, "dialect", NAME);
    return Optional.of(
        new Preflight(
            devices,
            versions,
            dialect.isEmpty() ? Optional.empty() : Optional.of(dialect),
            notes,
            smokeTest(node.path("smokeTest"))));
  }

  private static Optional<Preflight.SmokeTest> smokeTest(JsonNode node) {
    String outcome = text(node, "outcome", OUTCOME);
    return outcome.isEmpty()
        ? Optional.empty()
        : Optional.of(new Preflight.SmokeTest(outcome, text(node, "message", MESSAGE)));
  }

  private List<ResultRow> results(PodIdentity pod) throws HttpRefusal {
    List<ResultRow> rows = new ArrayList<>();
    Set<String> named = new HashSet<>();
    for (JsonNode row : items(body, "results", "results", pod.datasets().size())) {
      String dataset = row.path("dataset").asText();
      if (!pod.datasets().contains(dataset)) {
        throw new HttpRefusal(
            400, "results: " + Text.clean(dataset, NAME) + " is not a data set of this EvalJob");
      }
      if (!named.add(dataset)) {
        throw new HttpRefusal(400, "results: " + dataset + " is there twice");
      }
      String phase = row.path("phase").asText();
      if (!phase.equals("Succeeded") && !phase.equals("Failed")) {
        throw new HttpRefusal(400, "results[" + dataset + "].phase: is not Succeeded or Failed");
      }
      rows.add(
          new ResultRow(
              pod.model(),
              dataset,
              phase,
              emptyAsNull(text(row, "metric", NAME)),
              emptyAsNull(text(row, "score", SCORE)),
              emptyAsNull(text(row, "judge", NAME)),
              optionalCount(row, "samples", dataset),
              optionalCount(row, "failedSamples", dataset),
              emptyAsNull(text(row, "message", MESSAGE))));
    }
    return rows;
  }

  private Optional<StageFailure> failure() {
    JsonNode node = body.path("failure");
    if (!node.isObject()) {
      return Optional.empty();
    }
    FailureCause cause = FailureCause.of(node.path("cause").asText());
    return Optional.of(
        new StageFailure(
            NOT_FOR_PODS.contains(cause) ? FailureCause.Unknown : cause,
            text(node, "message", MESSAGE)));
  }

  private static Iterable<JsonNode> items(JsonNode node, String name, String field, int most)
      throws HttpRefusal {
    JsonNode list = node.path(name);
    if (list.isMissingNode() || list.isNull()) {
      return List.of();
    }
    if (!list.isArray()) {
      throw new HttpRefusal(400, field + ": is not a list");
    }
    if (list.size() > most) {
      throw new HttpRefusal(400, field + ": has more than " + most + " entries");
    }
    return list;
  }

  /** A whole number from {@code least} to 10^15; an absent one is 0. */
  private static long count(JsonNode node, String name, String field, long least)
      throws HttpRefusal {
    JsonNode number = node.path(name);
    boolean absent = number.isMissingNode() || number.isNull();
    long value = absent ? 0 : number.asLong(-1);
    if ((!absent && !number.isIntegralNumber())
        || value < least
        || value > 1_000_000_000_000_000L) {
      throw new HttpRefusal(400, field + ": is not a whole number of at least " + least);
    }
    return value;
  }

  private static OptionalLong optional(JsonNode node, String name, String field)
      throws HttpRefusal {
    return node.path(name).isMissingNode() || node.path(name).isNull()
        ? OptionalLong.empty()
        : OptionalLong.of(count(node, name, field, 0));
  }

  private static Long optionalCount(JsonNode row, String name, String dataset) throws HttpRefusal {
    return row.path(name).isMissingNode() || row.path(name).isNull()
        ? null
        : count(row, name, "results[" + dataset + "]." + name, 0);
  }

  private static String text(JsonNode node, String name, int max) {
    JsonNode value = node.path(name);
    return value.isValueNode() && !value.isNull() ? Text.clean(value.asText(), max) : "";
  }

  private static String emptyAsNull(String text) {
    return text.isEmpty() ? null : text;
  }
}

package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.ResultRow;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** All rows of one model: the status of a job has room for the first ones only. */
final class ResultsConfigMap {
  static final String KEY = "results.json";
  static final String CONTENT = "results";

  /** A ConfigMap holds 1 MiB, metadata included. */
  private static final int LIMIT = 900 * 1024;

  private ResultsConfigMap() {}

  static ConfigMap of(EvalJob job, Run run, String model, List<ResultRow> rows) {
    String content = bounded(rows);
    Map<String, String> labels = Labels.of(job, model);
    labels.put(Labels.RUN, Long.toString(run.number()));
    labels.put(Labels.CONTENT, CONTENT);
    String name =
        Names.results(
            job.getMetadata().getName(), job.getMetadata().getUid(), run.number(), model, content);
    return new ConfigMapBuilder()
        .withMetadata(ChildMetadata.of(job, name, labels))
        .addToData(KEY, content)
        .withImmutable(true)
        .build();
  }

  /** Without their messages 512 rows are far below the limit, so one step is enough. */
  private static String bounded(List<ResultRow> rows) {
    String content = Json.write(rows);
    if (content.getBytes(StandardCharsets.UTF_8).length <= LIMIT) {
      return content;
    }
    return Json.write(
        rows.stream()
            .map(
                row ->
                    new ResultRow(
                        row.model(),
                        row.dataset(),
                        row.phase(),
                        row.metric(),
                        row.score(),
                        row.judge(),
                        row.samples(),
                        row.failedSamples(),
                        null))
            .toList());
  }
}

package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.DatasetSpec;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.operator.status.Bounds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Result rows: exactly one for every data set of a model, whatever was reported. */
final class ResultRows {

  private ResultRows() {}

  /**
   * Completes reported rows.
   *
   * @param model name of the model
   * @param datasets the spec's data sets
   * @param reported rows of a report, possibly of some data sets only
   * @param otherwise the message of a data set that no row speaks of
   * @return one row a data set, in the spec's order
   */
  static List<ResultRow> complete(
      String model, List<DatasetSpec> datasets, List<ResultRow> reported, String otherwise) {
    Map<String, ResultRow> byDataset = new HashMap<>();
    for (ResultRow row : reported) {
      row.datasetIfSet().ifPresent(name -> byDataset.put(name, row));
    }
    List<ResultRow> rows = new ArrayList<>();
    for (DatasetSpec dataset : datasets) {
      ResultRow row = byDataset.get(dataset.name());
      rows.add(row == null ? missing(model, dataset.name(), otherwise) : bounded(model, row));
    }
    return rows;
  }

  private static ResultRow missing(String model, String dataset, String otherwise) {
    return new ResultRow(
        model,
        dataset,
        Phases.ROW_FAILED,
        null,
        null,
        null,
        null,
        null,
        Bounds.cut(otherwise, Bounds.MESSAGE));
  }

  private static ResultRow bounded(String model, ResultRow row) {
    boolean good = Phases.ROW_SUCCEEDED.equals(row.phase());
    return new ResultRow(
        model,
        row.dataset(),
        good ? Phases.ROW_SUCCEEDED : Phases.ROW_FAILED,
        row.metricIfSet().map(text -> Bounds.cut(text, 128)).orElse(null),
        row.scoreIfSet().map(text -> Bounds.cut(text, 64)).orElse(null),
        row.judgeIfSet().map(text -> Bounds.cut(text, 128)).orElse(null),
        row.samples(),
        row.failedSamples(),
        row.messageIfSet().map(text -> Bounds.cut(text, Bounds.MESSAGE)).orElse(null));
  }

  /**
   * Adds a model's rows to those in the status.
   *
   * @param before rows in the status, of other models
   * @param added all rows of one model
   * @param models names of the spec's models, in order
   * @return the first 64 in the spec's order
   */
  static List<ResultRow> first(List<ResultRow> before, List<ResultRow> added, List<String> models) {
    List<ResultRow> all = new ArrayList<>(before);
    all.addAll(added);
    all.sort(Comparator.comparingInt(row -> models.indexOf(row.model())));
    return List.copyOf(all.subList(0, Math.min(all.size(), Bounds.RESULT_ROWS)));
  }
}

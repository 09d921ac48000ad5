package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.SummaryStatus;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;

/** The strings behind the columns of {@code kubectl get}. */
final class Summary {

  private Summary() {}

  static SummaryStatus of(
      long modelsEnded,
      int models,
      long held,
      long requested,
      Progress progress,
      List<ResultRow> rows,
      int rowsTotal) {
    return new SummaryStatus(
        modelsEnded + "/" + models,
        held + "/" + requested,
        progress.percent() + "%",
        score(rows, rowsTotal));
  }

  /** A mean means something only over one model and one metric, and only when no row is missing. */
  static String score(List<ResultRow> rows, int rowsTotal) {
    List<ResultRow> good =
        rows.stream().filter(row -> Phases.ROW_SUCCEEDED.equals(row.phase())).toList();
    boolean oneMeaning =
        !good.isEmpty()
            && good.size() == rowsTotal
            && good.stream().map(ResultRow::model).distinct().count() == 1
            && good.stream().map(row -> row.metricIfSet().orElse("")).distinct().count() == 1;
    if (!oneMeaning) {
      return null;
    }
    if (good.size() == 1) {
      return good.get(0).score();
    }
    BigDecimal sum = BigDecimal.ZERO;
    for (ResultRow row : good) {
      try {
        sum = sum.add(new BigDecimal(row.scoreIfSet().orElse("")));
      } catch (NumberFormatException notANumber) {
        return null;
      }
    }
    return sum.divide(BigDecimal.valueOf(good.size()), 4, RoundingMode.HALF_EVEN)
        .stripTrailingZeros()
        .toPlainString();
  }
}

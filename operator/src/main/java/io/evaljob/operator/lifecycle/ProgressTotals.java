package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.operator.status.Conditions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Progress of a model from its counts, and of a job from its models. */
final class ProgressTotals {

  private ProgressTotals() {}

  /**
   * Progress of one model.
   *
   * @param before what is written; an estimate is made anew only when the percentage moved
   * @param start since when the model evaluates, empty while nobody knows
   * @param now the time of the pass
   */
  static Progress ofModel(
      long samplesDone,
      long samplesTotal,
      long datasetsDone,
      long datasetsTotal,
      Optional<Progress> before,
      Optional<Instant> start,
      Instant now) {
    long percent = 0;
    if (samplesTotal > 0) {
      percent = Math.min(samplesDone, samplesTotal) * 100 / samplesTotal;
    } else if (datasetsTotal > 0) {
      percent = Math.min(datasetsDone, datasetsTotal) * 100 / datasetsTotal;
    }
    return new Progress(
        samplesDone,
        samplesTotal,
        Math.min(datasetsDone, datasetsTotal),
        datasetsTotal,
        (int) percent,
        estimate((int) percent, before, start, now));
  }

  /**
   * Adds models up. A model that ended without a result counts as done: nothing more comes of it.
   *
   * @param models progress of each model, empty where it has none yet
   * @param ended whether each of them has ended, in the same order
   * @param datasets data sets of each model
   * @param before what is written; an estimate is made anew only when the percentage moved
   * @param start since when the run evaluates
   * @param now the time of the pass
   */
  static Progress ofJob(
      List<Optional<Progress>> models,
      List<Boolean> ended,
      long datasets,
      Optional<Progress> before,
      Instant start,
      Instant now) {
    long samplesDone = 0;
    long samplesTotal = 0;
    long datasetsDone = 0;
    long percents = 0;
    for (int i = 0; i < models.size(); i++) {
      Optional<Progress> model = models.get(i);
      samplesDone += model.map(Progress::samplesDone).orElse(0L);
      samplesTotal += model.map(Progress::samplesTotal).orElse(0L);
      datasetsDone += model.map(Progress::datasetsDone).orElse(0L);
      percents += ended.get(i) ? 100 : model.map(Progress::percent).orElse(0);
    }
    int percent = models.isEmpty() ? 0 : (int) (percents / models.size());
    return new Progress(
        samplesDone,
        samplesTotal,
        datasetsDone,
        datasets * models.size(),
        percent,
        estimate(percent, before, Optional.of(start), now));
  }

  private static String estimate(
      int percent, Optional<Progress> before, Optional<Instant> start, Instant now) {
    if (percent <= 0 || percent >= 100 || start.isEmpty()) {
      return null;
    }
    Optional<Progress> same = before.filter(old -> old.percent() == percent);
    if (same.isPresent()) {
      return same.get().estimatedCompletionTime();
    }
    Duration spent = Duration.between(start.get(), now);
    return spent.isNegative()
        ? null
        : Conditions.time(now.plus(spent.multipliedBy(100 - percent).dividedBy(percent)));
  }
}

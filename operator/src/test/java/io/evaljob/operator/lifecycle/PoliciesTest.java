package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.evaljob.api.v1alpha1.DatasetSpec;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoliciesTest {

  @ParameterizedTest
  @CsvSource({
    "Pending,Pending",
    "Prefetching Pending,Prefetching",
    "Running Prefetching Scoring,Running",
    "Scoring Succeeded,Scoring",
    "Succeeded Pending,Pending",
    "Succeeded Succeeded,Succeeded",
    "Failed Failed,Failed",
    "Succeeded Failed,PartiallyFailed",
    "PartiallyFailed,PartiallyFailed",
    "PartiallyFailed Failed,PartiallyFailed",
  })
  void aJobsPhaseFollowsItsModels(String models, Phase job) {
    assertThat(Phases.ofJob(Stream.of(models.split(" ")).map(Phase::of).toList())).isEqualTo(job);
  }

  @Test
  void everyDatasetGetsExactlyOneRow() {
    List<DatasetSpec> datasets =
        List.of(new DatasetSpec("one", null), new DatasetSpec("two", null));

    List<ResultRow> rows =
        ResultRows.complete(
            "base",
            datasets,
            List.of(row("other", "one", "0.5"), row("other", "foreign", "1")),
            "not reported");

    assertThat(rows)
        .extracting(ResultRow::model, ResultRow::dataset, ResultRow::phase, ResultRow::message)
        .containsExactly(
            tuple("base", "one", "Succeeded", null),
            tuple("base", "two", "Failed", "not reported"));
  }

  @Test
  void theStatusKeepsTheFirst64RowsInTheSpecsOrder() {
    List<ResultRow> b = new ArrayList<>();
    List<ResultRow> a = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      a.add(row("a", "d" + i, "1"));
      b.add(row("b", "d" + i, "1"));
    }

    List<ResultRow> rows = ResultRows.first(b, a, List.of("a", "b"));

    assertThat(rows).hasSize(64);
    assertThat(rows.subList(0, 40)).isEqualTo(a);
    assertThat(rows.subList(40, 64)).isEqualTo(b.subList(0, 24));
  }

  @Test
  void aMeanIsTakenOnlyWhereItHasAMeaning() {
    assertThat(Summary.score(List.of(row("a", "one", "0.812")), 1)).isEqualTo("0.812");
    assertThat(Summary.score(List.of(row("a", "one", "0.5"), row("a", "two", "0.75")), 2))
        .isEqualTo("0.625");
    assertThat(Summary.score(List.of(row("a", "one", "0.5"), row("b", "one", "0.7")), 2)).isNull();
    assertThat(Summary.score(List.of(row("a", "one", "0.5")), 2)).isNull();
    assertThat(Summary.score(List.of(row("a", "one", "n/a"), row("a", "two", "1")), 2)).isNull();
    assertThat(Summary.score(List.of(), 0)).isNull();
  }

  @Test
  void aJobsProgressIsTheMeanOfItsModels() {
    Instant start = Instant.parse("2026-01-01T00:00:00Z");
    Progress half = ofModel(50, Optional.empty(), start.plusSeconds(100));

    Progress job =
        ProgressTotals.ofJob(
            List.of(Optional.of(half), Optional.empty()),
            List.of(false, false),
            2,
            Optional.empty(),
            start,
            start.plusSeconds(100));

    assertThat(job).isEqualTo(new Progress(50, 100, 0, 4, 25, "2026-01-01T00:06:40Z"));
    Progress later =
        ProgressTotals.ofJob(
            List.of(Optional.of(half), Optional.empty()),
            List.of(false, false),
            2,
            Optional.of(job),
            start,
            start.plusSeconds(900));
    assertThat(later).as("no new estimate without progress").isEqualTo(job);
  }

  @Test
  void aModelsEndIsEstimatedFromWhatItHasDone() {
    Instant start = Instant.parse("2026-01-01T00:00:00Z");

    Progress first = ofModel(25, Optional.of(start), start.plusSeconds(100));
    assertThat(first).isEqualTo(new Progress(25, 100, 0, 2, 25, "2026-01-01T00:06:40Z"));

    assertThat(
            ProgressTotals.ofModel(
                25, 100, 0, 2, Optional.of(first), Optional.of(start), start.plusSeconds(900)))
        .as("no new estimate without progress")
        .isEqualTo(first);
    assertThat(ofModel(100, Optional.of(start), start.plusSeconds(1)).estimatedCompletionTime())
        .isNull();
    assertThat(ofModel(25, Optional.empty(), start).estimatedCompletionTime()).isNull();
  }

  private static Progress ofModel(long done, Optional<Instant> start, Instant now) {
    return ProgressTotals.ofModel(done, 100, 0, 2, Optional.empty(), start, now);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "2;4;2 processes x 4 devices (0-3|4-7), split Layers",
        "1;1;1 process x 1 device (0), split Layers",
        "3;0;3 processes on CPU",
      })
  void theMappingReadsLikeASentence(int processes, int devices, String text) {
    assertThat(
            Story.mapping(
                new ModelStatus(
                    "a", null, null, 0, 0, 0, null, null, null, "Layers", processes, devices, null,
                    null, null, null, null, null, null, null, null, null, null, null)))
        .isEqualTo(text);
  }

  private static ResultRow row(String model, String dataset, String score) {
    return new ResultRow(model, dataset, "Succeeded", "accuracy", score, null, 1L, 0L, null);
  }
}

package io.evaljob.operator.validate;

import java.util.List;
import java.util.Optional;

/**
 * Data sets of VLMEvalKit whose scoring loads a model of its own onto a device; the score stage has
 * none.
 *
 * <p>Source: {@code hf_chat_model.py} and {@code get_judge_kwargs} of VLMEvalKit of August 2026.
 * Metrics that only use a device where there is one (CLIP, LPIPS, bert_score) are not listed: they
 * run, slower, without.
 */
final class DeviceScoring {
  private record Entry(String name, String judge) {
    boolean covers(String dataset) {
      return dataset.equals(name) || dataset.startsWith(name + "_");
    }
  }

  private static final List<Entry> TABLE = List.of(new Entry("VDC", "the local judge llama31-8b"));

  private DeviceScoring() {}

  /** What the scoring of a data set runs on a device; empty where it needs none. */
  static Optional<String> judgeOf(String dataset) {
    return TABLE.stream().filter(entry -> entry.covers(dataset)).map(Entry::judge).findFirst();
  }
}

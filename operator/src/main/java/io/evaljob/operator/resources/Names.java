package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.Stage;
import java.util.Locale;

/**
 * Names of children: readable, at most 63 characters, and the same whenever they are computed.
 *
 * <p>{@code <job[:30]>-<model[:12]>-<what>-<hash8>}; the hash carries what was cut off.
 */
public final class Names {
  private static final int JOB = 30;
  private static final int MODEL = 12;
  private static final int HASH = 8;

  private Names() {}

  /** The Job of one attempt at one stage of one model. */
  public static String stage(
      String job, String uid, long runNumber, String model, Stage stage, int attempt) {
    String word = word(stage);
    return child(
        job,
        model,
        word,
        ContentHash.of(
            "stage", uid, Long.toString(runNumber), model, word, Integer.toString(attempt)));
  }

  /** The plan of one model, named by its content: another plan is another ConfigMap. */
  static String plan(String job, String uid, long runNumber, String model, String content) {
    return child(
        job, model, "plan", ContentHash.of("plan", uid, Long.toString(runNumber), model, content));
  }

  /** The results of one model in one run, named by their content. */
  static String results(String job, String uid, long runNumber, String model, String content) {
    return child(
        job,
        model,
        "results",
        ContentHash.of("results", uid, Long.toString(runNumber), model, content));
  }

  /**
   * The workspace claim of one model; runs share it, each in its own folder.
   *
   * @param stays whether it outlives the job: a claim that was made to go is another one
   */
  public static String workspace(String job, String uid, String model, boolean stays) {
    String kind = stays ? "retained workspace" : "workspace";
    return child(job, model, "workspace", ContentHash.of(kind, uid, model));
  }

  /** The ConfigMap that carries a runner, one a namespace and runner. */
  public static String runner(RunnerArchive archive) {
    return "evaljob-runner-" + archive.suffix();
  }

  /** {@code prefetch}, {@code infer} or {@code score}. */
  public static String word(Stage stage) {
    return stage.name().toLowerCase(Locale.ROOT);
  }

  private static String child(String job, String model, String what, ContentHash hash) {
    return cut(job, JOB) + "-" + cut(model, MODEL) + "-" + what + "-" + hash.suffix(HASH);
  }

  /** Dots become dashes: a Job's name is also its pods' host name. */
  private static String cut(String text, int length) {
    String label = text.replace('.', '-');
    String head = label.substring(0, Math.min(length, label.length()));
    int end = head.length();
    while (end > 1 && head.charAt(end - 1) == '-') {
      end--;
    }
    return head.substring(0, end);
  }
}

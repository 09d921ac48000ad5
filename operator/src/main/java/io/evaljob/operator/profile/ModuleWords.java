package io.evaljob.operator.profile;

import io.evaljob.api.v1alpha1.BlockRole;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Tells by the words in a tensor's name which module it belongs to and what that is. */
final class ModuleWords {

  private static final Pattern CONNECTOR =
      Pattern.compile(
          ".*(merger|projector|projection|resampler|aligner|adapter|adaptor|perceiver).*"
              + "|connector|mlp1|vte|.*newline|view_separ.*|view_seper.*|glb_gn|sub_gn",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern VISION =
      Pattern.compile(
          ".*(vision|visual|image|siglip|clip_).*|vit|vpm|img_.*", Pattern.CASE_INSENSITIVE);
  private static final Pattern OTHER =
      Pattern.compile(
          ".*(audio|speech|whisper|talker|2wav|video_).*|apm|tts|mtp|mtp_.*|draft.*",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern EMBEDDING =
      Pattern.compile(
          "embed_tokens|tok_embeddings|wte|wpe|word_embeddings|embed_in|embed_positions");
  private static final Pattern HEAD =
      Pattern.compile("lm_head|output|output_layer|embed_out|ff_out");
  private static final Pattern NORM =
      Pattern.compile("norm|norm_f|ln_f|final_norm|final_layer_?norm|ln_final");

  /**
   * A module and what it is.
   *
   * @param role what it is; Connector for anything else that takes inputs
   * @param name its full name
   * @param known whether a word told so; otherwise the role is a guess
   */
  record Module(BlockRole role, String name, boolean known) {}

  private ModuleWords() {}

  /** Whether the name is of something beside the language model. */
  static boolean besideLanguage(String name) {
    List<String> parts = List.of(name.split("\\."));
    return first(parts, VISION).or(() -> first(parts, OTHER)).isPresent();
  }

  /** The module of a tensor that is in no layer of the language model. */
  static Module of(String tensor) {
    List<String> parts = List.of(tensor.split("\\."));
    Optional<Integer> connector = first(parts, CONNECTOR);
    Optional<Integer> vision = first(parts, VISION);
    Optional<Integer> other = first(parts, OTHER);
    if (other.isPresent() && vision.isEmpty()) {
      return module(BlockRole.Connector, parts, other.get());
    }
    if (connector.isPresent()) {
      return module(BlockRole.Connector, parts, connector.get());
    }
    if (vision.isPresent()) {
      return module(BlockRole.Vision, parts, vision.get());
    }
    return first(parts, EMBEDDING)
        .map(at -> module(BlockRole.Embedding, parts, at))
        .or(() -> first(parts, HEAD).map(at -> module(BlockRole.Head, parts, at)))
        .or(() -> first(parts, NORM).map(at -> module(BlockRole.Norm, parts, at)))
        .orElseGet(() -> new Module(BlockRole.Connector, parent(tensor), false));
  }

  private static Module module(BlockRole role, List<String> parts, int at) {
    return new Module(role, String.join(".", parts.subList(0, at + 1)), true);
  }

  private static Optional<Integer> first(List<String> parts, Pattern pattern) {
    for (int at = 0; at < parts.size(); at++) {
      if (pattern.matcher(parts.get(at)).matches()) {
        return Optional.of(at);
      }
    }
    return Optional.empty();
  }

  /** The module that holds a tensor; a tensor that no module holds stands for itself. */
  private static String parent(String tensor) {
    int dot = tensor.lastIndexOf('.');
    return dot <= 0 ? tensor : tensor.substring(0, dot);
  }
}

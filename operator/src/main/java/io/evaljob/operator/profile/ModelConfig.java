package io.evaljob.operator.profile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The architecture numbers of a {@code config.json}, under the names that the families of models
 * give them. Read as Python reads it: NaN is a number, and of a key that is there twice the last
 * counts.
 */
final class ModelConfig {

  /** Its name in every model's folder. */
  static final String FILE = "config.json";

  private static final long MAX_BYTES = 10_000_000;
  private static final int MAX_LAYERS = 1024;
  private static final int MAX_HEADS = 4096;
  private static final int MAX_WIDTH = 1 << 20;

  /** Where composite models keep the numbers of their language model. */
  private static final List<String> LANGUAGE =
      List.of("text_config", "llm_config", "language_config", "thinker_config", "text_model");

  private static final List<String> LAYERS =
      List.of("num_hidden_layers", "n_layers", "n_layer", "num_layers");
  private static final List<String> HEADS =
      List.of("num_attention_heads", "n_heads", "n_head", "num_heads");
  private static final List<String> KEY_VALUE_HEADS =
      List.of("num_key_value_heads", "n_kv_heads", "num_kv_heads", "multi_query_group_num");
  private static final List<String> WIDTH = List.of("hidden_size", "d_model", "n_embd");
  private static final List<String> HEAD_WIDTH = List.of("head_dim", "kv_channels");

  /** Layers that keep a state of fixed size instead of keys and values. */
  private static final List<String> STATE_LAYERS =
      List.of("linear_attention", "mamba", "mamba2", "conv", "recurrent", "lightning_attention");

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private final Path file;
  private final JsonNode root;
  private final JsonNode language;

  private ModelConfig(Path file, JsonNode root) {
    this.file = file;
    this.root = root;
    this.language = language(root);
  }

  /**
   * Reads it.
   *
   * @throws CheckpointException when it is missing or is no JSON object
   */
  static ModelConfig read(Path file) {
    String remedy = "fetch the file again, or correct it";
    byte[] bytes = SmallFile.read(file, MAX_BYTES);
    try {
      JsonNode root = JSON.readTree(bytes);
      if (!root.isObject()) {
        throw CheckpointException.at(file, 0, "is not a JSON object", remedy);
      }
      return new ModelConfig(file, root);
    } catch (JsonProcessingException e) {
      long offset =
          Optional.ofNullable(e.getLocation()).map(place -> place.getByteOffset()).orElse(0L);
      throw CheckpointException.at(
          file, Math.max(0, offset), "is not valid JSON: " + e.getOriginalMessage(), remedy);
    } catch (IOException e) {
      throw CheckpointException.of(file, "is not valid JSON: " + e.getMessage(), remedy);
    }
  }

  /** Layers of the language model. */
  OptionalInt layers() {
    return number(LAYERS, MAX_LAYERS);
  }

  /** Attention heads of the language model. */
  OptionalInt attentionHeads() {
    return number(HEADS, MAX_HEADS);
  }

  /** Key and value heads of the language model: its attention heads where it does not say. */
  OptionalInt keyValueHeads() {
    OptionalInt own = number(KEY_VALUE_HEADS, MAX_HEADS);
    return own.isPresent() ? own : attentionHeads();
  }

  /** Further layers that predict several tokens at once, which evaluation does not load. */
  int predictorLayers() {
    return number(List.of("num_nextn_predict_layers"), MAX_LAYERS, 0).orElse(0);
  }

  /** How the weights were made smaller, such as {@code fp8}. */
  Optional<String> quantisation() {
    JsonNode method = root.path("quantization_config").path("quant_method");
    return method.isTextual() ? Optional.of(method.asText()) : Optional.empty();
  }

  /** Whether the head is said to be the embedding. */
  boolean tied() {
    JsonNode tied = root.path("tie_word_embeddings");
    return (tied.isBoolean() ? tied : language.path("tie_word_embeddings")).asBoolean();
  }

  /**
   * Bytes of KV cache that a layer with attention keeps for one token.
   *
   * <p>Layers that look back only so far are counted in full, since a profile has no window. Latent
   * attention is counted as transformers caches it: keys and values after projection, every head.
   *
   * @return empty when the numbers for it are missing
   */
  Optional<Long> keyValueBytesPerToken() {
    OptionalInt heads = attentionHeads();
    if (heads.isEmpty()) {
      return Optional.empty();
    }
    int element = elementBytes();
    OptionalInt value = number(List.of("v_head_dim"), MAX_WIDTH);
    if (number(List.of("kv_lora_rank"), MAX_WIDTH).isPresent() && value.isPresent()) {
      long key =
          number(List.of("qk_nope_head_dim"), MAX_WIDTH).orElse(0)
              + (long) number(List.of("qk_rope_head_dim"), MAX_WIDTH).orElse(0);
      return Optional.of(heads.getAsInt() * (key + value.getAsInt()) * element);
    }
    OptionalInt head = number(HEAD_WIDTH, MAX_WIDTH);
    OptionalInt width = number(WIDTH, MAX_WIDTH);
    if (head.isEmpty() && width.isEmpty()) {
      return Optional.empty();
    }
    long size = head.isPresent() ? head.getAsInt() : width.getAsInt() / heads.getAsInt();
    return Optional.of(2L * keyValueHeads().getAsInt() * size * element);
  }

  /**
   * Whether a layer keeps keys and values.
   *
   * @param layer its number
   * @return empty when the configuration does not tell layers apart
   */
  Optional<Boolean> hasKeyValues(int layer) {
    JsonNode types = language.path("layer_types");
    if (types.path(layer).isTextual()) {
      return Optional.of(!STATE_LAYERS.contains(types.path(layer).asText()));
    }
    JsonNode numbers = language.path("attn_type_list");
    if (numbers.path(layer).isInt()) {
      return Optional.of(numbers.path(layer).asInt() != 0);
    }
    return Optional.empty();
  }

  private int elementBytes() {
    List<String> types = new ArrayList<>();
    for (JsonNode config : List.of(language, root)) {
      for (String name : List.of("dtype", "torch_dtype")) {
        types.add(config.path(name).asText(""));
      }
    }
    return types.stream().filter(type -> !type.isEmpty()).findFirst().orElse("").equals("float32")
        ? 4
        : 2;
  }

  private OptionalInt number(List<String> names, int most) {
    return number(names, most, 1);
  }

  private OptionalInt number(List<String> names, int most, int least) {
    for (String name : names) {
      JsonNode value = language.path(name);
      if (value.isMissingNode() || value.isNull()) {
        continue;
      }
      if (!value.isInt() || value.asInt() < least || value.asInt() > most) {
        throw CheckpointException.of(
            file,
            "%s is %s and must be a whole number from %d to %d".formatted(name, value, least, most),
            "correct it, or fetch the file again");
      }
      return OptionalInt.of(value.asInt());
    }
    return OptionalInt.empty();
  }

  private static JsonNode language(JsonNode config) {
    for (String name : LANGUAGE) {
      if (config.path(name).isObject()) {
        return language(config.path(name));
      }
    }
    return config;
  }
}

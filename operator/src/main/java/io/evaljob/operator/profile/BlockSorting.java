package io.evaljob.operator.profile;

import io.evaljob.api.v1alpha1.BlockProfile;
import io.evaljob.api.v1alpha1.BlockRole;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Sorts the tensors of one checkpoint into the blocks that a plan places. */
final class BlockSorting {

  /** A tower's own series that is worth placing block by block when the tower must be cut. */
  private static final int SHORTEST_TOWER = 4;

  /** What the API takes. */
  private static final int MAX_ENTRIES = 256;

  /** Asked of the tens of thousands of tensors of a mixture of experts: found, not matched. */
  private static final Pattern KEYS_AND_VALUES =
      Pattern.compile(
          "\\.(k_proj|kv_proj|kv_b_proj|qkv_proj|qkv|wqkv|wk|att_proj|c_attn|query_key_value|to_k"
              + "|k_b_proj)\\.");

  private static final Pattern STATE = Pattern.compile("\\.(linear_attn|mamba|ssm|mixer|conv)\\.");

  /** Most names in a note; the rest is counted. */
  private static final int NAMED = 3;

  private final Checkpoint checkpoint;
  private final ModelConfig config;
  private final Path configFile;
  private final List<String> notes = new ArrayList<>();
  private final Map<BlockRole, List<BlockProfile>> blocks = new LinkedHashMap<>();
  private boolean vision;

  BlockSorting(Checkpoint checkpoint, ModelConfig config, Path configFile) {
    this.checkpoint = checkpoint;
    this.config = config;
    this.configFile = configFile;
  }

  LocalModel model() {
    List<Series> series = Series.of(checkpoint.tensors().values());
    Series layers = language(series);
    Map<String, ModuleWords.Module> modules = new LinkedHashMap<>();
    Map<String, List<Tensor>> members = new TreeMap<>();
    Set<String> unknown = new TreeSet<>();
    for (Tensor tensor : checkpoint.tensors().values()) {
      if (layers.holds(tensor)) {
        continue;
      }
      ModuleWords.Module module = ModuleWords.of(tensor.name());
      vision |= module.role() == BlockRole.Vision;
      modules.putIfAbsent(module.name(), module);
      members.computeIfAbsent(module.name(), name -> new ArrayList<>()).add(tensor);
      if (!module.known()) {
        unknown.add(module.name());
      }
    }
    members.forEach((name, tensors) -> add(modules.get(name), tensors));
    layers(layers);
    note(unknown);
    return result();
  }

  private Series language(List<Series> series) {
    int expected = config.layers().orElse(0);
    return series.stream()
        .filter(one -> !ModuleWords.besideLanguage(one.name()))
        .filter(one -> one.members().size() >= Math.max(1, expected))
        .max(Comparator.comparingLong(Series::bytes))
        .or(() -> largestBesideVision(series))
        .orElseThrow(
            () ->
                CheckpointException.of(
                    checkpoint.folder(),
                    "has no series of numbered layers of a language model",
                    "name the folder of a whole model, not of an adapter or a part"));
  }

  private static Optional<Series> largestBesideVision(List<Series> series) {
    return series.stream()
        .filter(one -> !ModuleWords.besideLanguage(one.name()))
        .max(Comparator.comparingLong(Series::bytes));
  }

  private void add(ModuleWords.Module module, List<Tensor> tensors) {
    if (module.role() != BlockRole.Vision) {
      block(module.role(), 1, Series.bytes(tensors), module.name(), 0);
      return;
    }
    List<Tensor> rest = new ArrayList<>(tensors);
    List<Series> towers =
        Series.of(tensors).stream()
            .filter(one -> one.members().size() >= SHORTEST_TOWER && one.complete())
            .filter(one -> one.name().startsWith(module.name() + "."))
            .toList();
    towers.forEach(tower -> tower.members().values().forEach(rest::removeAll));
    if (!rest.isEmpty()) {
      block(BlockRole.Vision, 1, Series.bytes(rest), module.name(), 0);
    }
    for (Series tower : towers) {
      runs(BlockRole.Vision, tower.name(), tower.members().values().stream().toList());
    }
  }

  private void layers(Series series) {
    int count = config.layers().orElse(series.members().size());
    int surplus = series.members().size() - count;
    if (!series.complete() || surplus < 0 || surplus > config.predictorLayers()) {
      throw CheckpointException.of(
          configFile,
          "says that the model has %d layers, and the files have %d of %s%s"
              .formatted(
                  count,
                  series.members().size(),
                  series.name(),
                  series.complete() ? "" : ", with gaps"),
          "fetch the model again: files of it are missing, or config.json is another model's");
    }
    if (surplus > 0) {
      notes.add(
          "%d further layers predict several tokens at once; they are left out, for evaluation does"
                  .formatted(surplus)
              + " not load them");
    }
    runs(BlockRole.Layers, series.name(), series.members().values().stream().limit(count).toList());
  }

  /** What one numbered block weighs, and keeps for a token. */
  private record Weight(long bytes, long cache) {}

  /** Equal neighbours become one entry. */
  private void runs(BlockRole role, String name, List<List<Tensor>> members) {
    List<Weight> weights = new ArrayList<>();
    for (List<Tensor> tensors : members) {
      long cache = role == BlockRole.Layers ? keyValues(weights.size(), tensors) : 0;
      weights.add(new Weight(Series.bytes(tensors), cache));
    }
    int start = 0;
    for (int next = 1; next <= weights.size(); next++) {
      Weight weight = weights.get(start);
      if (next == weights.size() || !weights.get(next).equals(weight)) {
        block(role, next - start, weight.bytes(), name, weight.cache());
        start = next;
      }
    }
  }

  private long keyValues(int layer, List<Tensor> tensors) {
    boolean keeps = config.hasKeyValues(layer).orElseGet(() -> attends(tensors));
    return keeps ? config.keyValueBytesPerToken().orElse(0L) : 0;
  }

  /** A layer keeps a state instead where it has a module for one and none for keys. */
  private static boolean attends(List<Tensor> tensors) {
    boolean state = false;
    for (Tensor tensor : tensors) {
      if (STATE.matcher(tensor.name()).find()) {
        state = true;
      } else if (KEYS_AND_VALUES.matcher(tensor.name()).find()) {
        return true;
      }
    }
    return !state;
  }

  private void block(BlockRole role, int count, long bytes, String module, long cache) {
    blocks
        .computeIfAbsent(role, any -> new ArrayList<>())
        .add(
            new BlockProfile(
                role,
                count == 1 ? null : Integer.valueOf(count),
                bytes,
                cache == 0 ? null : Long.valueOf(cache),
                ModuleAliases.of(module, vision)));
  }

  private void note(Set<String> unknown) {
    if (!unknown.isEmpty()) {
      notes.add(
          "%d modules are of no known kind and are planned on device 0: %s"
              .formatted(
                  unknown.size(), String.join(", ", unknown.stream().limit(NAMED).toList())));
    }
    if (config.keyValueBytesPerToken().isEmpty()) {
      notes.add(
          "config.json does not give the heads of the language model, so the KV cache is not"
              + " counted; add keyValueBytesPerToken to the Layers entries");
    }
    long wide =
        checkpoint.tensors().values().stream()
            .filter(tensor -> tensor.type().equals("F32"))
            .mapToLong(Tensor::bytes)
            .sum();
    if (wide > Series.bytes(checkpoint.tensors().values()) / 2) {
      notes.add("most weights are float32 on disk; a harness that loads bfloat16 needs half");
    }
  }

  private LocalModel result() {
    List<BlockProfile> ordered = new ArrayList<>();
    for (BlockRole role : BlockRole.values()) {
      ordered.addAll(blocks.getOrDefault(role, List.of()));
    }
    boolean head = blocks.containsKey(BlockRole.Head);
    boolean tied = config.tied() || !head;
    if (!head) {
      blocks
          .getOrDefault(BlockRole.Embedding, List.of())
          .forEach(embedding -> ordered.add(tiedHead(embedding)));
    }
    if (ordered.size() > MAX_ENTRIES) {
      throw CheckpointException.of(
          checkpoint.folder(),
          "has %d runs of unequal blocks, and a profile takes %d"
              .formatted(ordered.size(), MAX_ENTRIES),
          "write the profile by hand with neighbours of nearly equal size put together");
    }
    return new LocalModel(
        checkpoint.folder(),
        ordered,
        tied,
        config.attentionHeads(),
        config.keyValueHeads(),
        vision,
        config.quantisation(),
        checkpoint.files().size(),
        Series.bytes(checkpoint.tensors().values()),
        notes);
  }

  /** No tensor of its own: the runner must still find the module and keep it with the embedding. */
  private BlockProfile tiedHead(BlockProfile embedding) {
    Set<String> names = new LinkedHashSet<>();
    for (String module : List.of("lm_head", "language_model.lm_head")) {
      names.addAll(ModuleAliases.of(module, vision));
    }
    return new BlockProfile(BlockRole.Head, null, embedding.bytes(), null, List.copyOf(names));
  }
}

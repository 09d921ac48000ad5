package io.evaljob.operator.profile;

import io.evaljob.api.v1alpha1.BlockProfile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the files of a model on disk say about it.
 *
 * @param folder where they are
 * @param blocks its blocks in the order of execution, with the bytes they take on disk
 * @param tiedHead whether the head is the embedding
 * @param attentionHeads heads of the language model, when the configuration says
 * @param keyValueHeads likewise, of keys and values
 * @param vision whether it has a vision tower
 * @param quantisation how the weights were made smaller, such as {@code fp8}
 * @param files number of safetensors files
 * @param bytes bytes of all tensors
 * @param notes what its owner should know, one sentence each
 */
public record LocalModel(
    Path folder,
    List<BlockProfile> blocks,
    boolean tiedHead,
    OptionalInt attentionHeads,
    OptionalInt keyValueHeads,
    boolean vision,
    Optional<String> quantisation,
    int files,
    long bytes,
    List<String> notes) {

  /** Copies the lists. */
  public LocalModel {
    blocks = List.copyOf(blocks);
    notes = List.copyOf(notes);
  }

  /**
   * Reads {@code config.json} and the headers of the safetensors files; no weight is read.
   *
   * @param path the model's folder, one of a hub cache too, or one safetensors file beside its
   *     {@code config.json}
   * @throws CheckpointException naming file, place and remedy when something is missing or broken
   */
  public static LocalModel read(Path path) {
    Checkpoint checkpoint = Checkpoint.read(path);
    Path config = checkpoint.folder().resolve(ModelConfig.FILE);
    return new BlockSorting(checkpoint, ModelConfig.read(config), config).model();
  }
}

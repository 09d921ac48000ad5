package io.evaljob.operator.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.evaljob.api.v1alpha1.ActivationProfile;
import io.evaljob.api.v1alpha1.BlockProfile;
import io.evaljob.api.v1alpha1.BlockRole;
import io.evaljob.api.v1alpha1.Dialect;
import io.evaljob.api.v1alpha1.Loader;
import io.evaljob.api.v1alpha1.LoaderProfile;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.api.v1alpha1.ModelProfileSpec;
import io.evaljob.operator.profile.LocalModel;
import io.evaljob.operator.schema.SchemaCheck;
import io.evaljob.operator.schema.SchemaProblem;
import io.evaljob.operator.validate.ResolvedProfile;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.StringJoiner;

/** The ModelProfile of a model on disk. */
final class LocalProfile {

  /** Nothing measured: what a tower of a few billion parameters needs for a dozen tiles. */
  private static final long VISION_BYTES = 2L << 30;

  /** Nothing measured: kernels, fragmentation and what a library keeps. */
  private static final long WORKSPACE_BYTES = 1L << 30;

  private LocalProfile() {}

  /**
   * The profile.
   *
   * @param entries catalogue entries that shall find it
   * @param known what the built-in catalogue knows of one of them
   */
  static ModelProfile of(
      String name, LocalModel model, List<String> entries, Optional<ResolvedProfile> known) {
    ModelProfile profile = new ModelProfile();
    profile.setMetadata(
        new ObjectMetaBuilder()
            .withName(name)
            .addToAnnotations("kubernetes.io/description", description(model))
            .build());
    profile.setSpec(
        new ModelProfileSpec(
            entries,
            known.map(found -> found.spec().loaders()).orElseGet(LocalProfile::transformers),
            boxed(model.attentionHeads()),
            boxed(model.keyValueHeads()),
            known.map(found -> found.spec().allowedDeviceCounts()).orElse(List.of()),
            model.blocks(),
            model.tiedHead() ? Boolean.TRUE : null,
            new ActivationProfile(model.vision() ? VISION_BYTES : null, null, WORKSPACE_BYTES),
            null,
            null));
    return profile;
  }

  /**
   * Holds the profile to the API's schema, so that what is printed can be applied.
   *
   * @throws Refused naming what the API would not take
   */
  static void check(ModelProfile profile) {
    List<SchemaProblem> problems = SchemaCheck.check(new ObjectMapper().valueToTree(profile));
    if (!problems.isEmpty()) {
      throw new Refused(problems.stream().map(SchemaProblem::message).toList());
    }
  }

  /** One line for people: what was read and what it came to. */
  static String summary(String name, LocalModel model) {
    StringJoiner roles = new StringJoiner(", ");
    for (BlockRole role : BlockRole.values()) {
      List<BlockProfile> blocks =
          model.blocks().stream().filter(block -> block.role() == role).toList();
      if (!blocks.isEmpty() && !(role == BlockRole.Head && model.tiedHead())) {
        roles.add(words(role, blocks));
      }
    }
    return "%s: %s in %s%s: %s"
        .formatted(
            name,
            Bytes.text(model.bytes()),
            Counts.of(model.files(), "file"),
            model.quantisation().map(method -> ", " + method).orElse(""),
            roles);
  }

  private static String words(BlockRole role, List<BlockProfile> blocks) {
    long bytes = blocks.stream().mapToLong(block -> block.countOrDefault() * block.bytes()).sum();
    int count = blocks.stream().mapToInt(BlockProfile::countOrDefault).sum();
    String word = role.name().toLowerCase(Locale.ROOT);
    return (role == BlockRole.Layers ? count + " " : "") + word + " " + Bytes.text(bytes);
  }

  private static String description(LocalModel model) {
    return "Bytes as on disk, from the headers of "
        + Counts.of(model.files(), "safetensors file")
        + model.quantisation().map(method -> " (" + method + ")").orElse("")
        + "; KV cache computed from config.json; activations are estimates, nothing was measured.";
  }

  private static List<LoaderProfile> transformers() {
    return List.of(
        new LoaderProfile(Dialect.AutoSplit, Loader.Transformers, true),
        new LoaderProfile(Dialect.AutoDeviceMap, Loader.Transformers, true),
        new LoaderProfile(Dialect.StatusFile, Loader.Transformers, true));
  }

  private static Integer boxed(OptionalInt number) {
    return number.isPresent() ? number.getAsInt() : null;
  }
}

package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.api.v1alpha1.ModelProfileSpec;
import io.evaljob.api.v1alpha1.ProfileRefusal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CatalogueTest {
  private static final Path FOLDER = Path.of("../deploy/profiles");
  private static final ObjectMapper YAML = new YAMLMapper();

  private final LayeredProfiles catalogue =
      new LayeredProfiles(List.of(), "operator", new Catalogue());

  private static Map<String, ModelProfile> files() throws IOException {
    Map<String, ModelProfile> profiles = new TreeMap<>();
    try (Stream<Path> files = Files.list(FOLDER)) {
      files
          .map(path -> path.getFileName().toString())
          .filter(name -> name.endsWith(".yaml") && !name.equals("kustomization.yaml"))
          .forEach(name -> profiles.put(name, read(name)));
    }
    return profiles;
  }

  private static ModelProfile read(String name) {
    try {
      return YAML.readValue(FOLDER.resolve(name).toFile(), ModelProfile.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** If this fails, run deploy/profiles/generate. */
  @Test
  void theIndexAndTheListHoldEveryFile() throws IOException {
    List<String> lines = new ArrayList<>();
    files()
        .forEach(
            (file, profile) ->
                lines.add(
                    String.join(
                        "\t",
                        file,
                        String.join(" ", profile.getSpec().catalogEntries()),
                        String.join(
                            " ",
                            profile
                                .getSpec()
                                .refusalIfSet()
                                .map(ProfileRefusal::hubIDs)
                                .orElse(List.of())))));

    assertThat(Files.readAllLines(Path.of("src/main/resources/catalogue/index.tsv")))
        .filteredOn(line -> !line.startsWith("#"))
        .containsExactlyElementsOf(lines);
    assertThat(Files.readAllLines(FOLDER.resolve("kustomization.yaml")))
        .filteredOn(line -> line.startsWith("- "))
        .containsExactlyElementsOf(files().keySet().stream().map(file -> "- " + file).toList());
  }

  @Test
  void aProfileIsFoundByNameByEntryAndByWhatItRefuses() throws IOException {
    files()
        .forEach(
            (file, profile) -> {
              String name = profile.getMetadata().getName();
              ResolvedProfile found =
                  new ResolvedProfile(name, ResolvedProfile.Origin.Catalogue, profile.getSpec());
              assertThat(file).isEqualTo(name + ".yaml");
              assertThat(catalogue.names("any")).contains(name);
              assertThat(catalogue.byName("any", name)).contains(found);
              for (String entry : profile.getSpec().catalogEntries()) {
                assertThat(catalogue.byCatalogEntry("any", entry)).contains(found);
              }
              profile
                  .getSpec()
                  .refusalIfSet()
                  .map(ProfileRefusal::hubIDs)
                  .orElse(List.of())
                  .forEach(id -> assertThat(catalogue.refusing("any", id)).contains(found));
            });
    assertThat(catalogue.byName("any", "nobody")).isEmpty();
    assertThat(catalogue.byCatalogEntry("any", "nobody")).isEmpty();
    assertThat(catalogue.refusing("any", "nobody/nothing")).isEmpty();
  }

  /** Two profiles for one entry would make the plan depend on the order of a list. */
  @Test
  void everyEntryHasOneProfile() throws IOException {
    Map<String, String> seen = new HashMap<>();
    files()
        .forEach(
            (file, profile) ->
                profile
                    .getSpec()
                    .catalogEntries()
                    .forEach(entry -> assertThat(seen.put(entry, file)).as(entry).isNull()));
    assertThat(seen).hasSizeGreaterThan(60);
  }

  @Test
  void aProfileHasSizesOrRefuses() throws IOException {
    files()
        .forEach(
            (file, profile) -> {
              ModelProfileSpec spec = profile.getSpec();
              assertThat(spec.refusalIfSet().isPresent())
                  .as(file)
                  .isEqualTo(spec.blocks().isEmpty());
            });
  }
}

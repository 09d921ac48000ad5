package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.ModelProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CatalogueTest {
  @Test
  void everyProfileThatIsDeployedIsBuiltIn() throws IOException {
    Catalogue catalogue = new Catalogue();
    try (Stream<Path> files = Files.list(Path.of("../deploy/profiles"))) {
      assertThat(catalogue.profiles())
          .hasSameSizeAs(
              files
                  .map(path -> path.getFileName().toString())
                  .filter(name -> name.endsWith(".yaml") && !name.equals("kustomization.yaml"))
                  .toList());
    }
    assertThat(catalogue.profiles()).isNotEmpty();
  }

  @Test
  void aProfileIsFoundByNameAndByEntry() {
    List<ModelProfile> builtIn = new Catalogue().profiles();
    LayeredProfiles catalogue = new LayeredProfiles(List.of(), "operator", builtIn);
    for (ModelProfile profile : builtIn) {
      String name = profile.getMetadata().getName();
      assertThat(catalogue.names("any")).contains(name);
      assertThat(catalogue.byName("any", name))
          .contains(new ResolvedProfile(name, ResolvedProfile.Origin.Catalogue, profile.getSpec()));
      List<String> entries = profile.getSpec().catalogEntries();
      assertThat(entries).isNotEmpty();
      for (String entry : entries) {
        assertThat(catalogue.byCatalogEntry("any", entry))
            .map(ResolvedProfile::name)
            .contains(name);
      }
    }
    assertThat(catalogue.byName("any", "nobody")).isEmpty();
  }
}

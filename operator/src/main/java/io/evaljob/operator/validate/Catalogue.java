package io.evaljob.operator.validate;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.evaljob.api.v1alpha1.ModelProfile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The profiles built into the jar: those of {@code deploy/profiles}, listed by its kustomization.
 */
public final class Catalogue {
  private static final String FOLDER = "/catalogue/";
  private static final String INDEX = "kustomization.yaml";
  private static final ObjectMapper YAML =
      YAMLMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private final List<ModelProfile> profiles;

  /**
   * Reads the catalogue; it is empty in a build without one.
   *
   * @throws IllegalStateException when the list names a file that the build does not have
   */
  public Catalogue() {
    List<ModelProfile> read = new ArrayList<>();
    for (JsonNode file : index().path("resources")) {
      read.add(read(file.asText(), ModelProfile.class));
    }
    this.profiles = List.copyOf(read);
  }

  /** All of them, in the order of the list. */
  public List<ModelProfile> profiles() {
    return profiles;
  }

  private static JsonNode index() {
    return Catalogue.class.getResource(FOLDER + INDEX) == null
        ? YAML.createObjectNode()
        : read(INDEX, JsonNode.class);
  }

  private static <T> T read(String file, Class<T> type) {
    try (InputStream in = Catalogue.class.getResourceAsStream(FOLDER + file)) {
      if (in == null) {
        throw new IllegalStateException("the catalogue of this build has no file " + file);
      }
      return YAML.readValue(in, type);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file + " of the catalogue", e);
    }
  }
}

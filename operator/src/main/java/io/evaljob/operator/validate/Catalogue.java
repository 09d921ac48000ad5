package io.evaljob.operator.validate;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.evaljob.api.v1alpha1.ModelProfile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The profiles built into the jar: those of {@code deploy/profiles}. An index says which file holds
 * what, so that starting costs nothing and a lookup reads one file, once.
 */
public final class Catalogue {
  private static final String FOLDER = "/catalogue/";
  private static final String SUFFIX = ".yaml";

  /**
   * What is where.
   *
   * @param files file by profile name, in the order of the index
   * @param entries file by catalogue entry
   * @param hubIds file by repository on the hub that it refuses
   */
  private record Index(
      Map<String, String> files, Map<String, String> entries, Map<String, String> hubIds) {

    /** Read when it is first needed. */
    private static final Index BUILT_IN = read();

    private static Index read() {
      Index index = new Index(new LinkedHashMap<>(), new HashMap<>(), new HashMap<>());
      try (InputStream in = open("index.tsv");
          BufferedReader lines =
              new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (!line.startsWith("#")) {
            index.add(line.split("\t", -1));
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read the index of the catalogue", e);
      }
      return index;
    }

    private void add(String[] cells) {
      String file = cells[0];
      files.put(file.substring(0, file.length() - SUFFIX.length()), file);
      words(cells[1]).forEach(entry -> entries.putIfAbsent(entry, file));
      words(cells[2]).forEach(hubId -> hubIds.putIfAbsent(hubId, file));
    }

    private static List<String> words(String cell) {
      return cell.isEmpty() ? List.of() : List.of(cell.split(" "));
    }
  }

  /** Made when it is first needed. */
  private static final class Yaml {
    private static final ObjectMapper MAPPER =
        YAMLMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
  }

  private final Map<String, ModelProfile> read = new ConcurrentHashMap<>();

  /** The profile of that name. */
  Optional<ModelProfile> byName(String name) {
    return profile(Index.BUILT_IN.files, name);
  }

  /** The profile for a catalogue entry of the harness. */
  Optional<ModelProfile> byCatalogEntry(String entry) {
    return profile(Index.BUILT_IN.entries, entry);
  }

  /** The profile that refuses a repository on the hub. */
  Optional<ModelProfile> byHubId(String hubId) {
    return profile(Index.BUILT_IN.hubIds, hubId);
  }

  /** Names of all of them. */
  List<String> names() {
    return List.copyOf(Index.BUILT_IN.files.keySet());
  }

  private Optional<ModelProfile> profile(Map<String, String> index, String key) {
    return Optional.ofNullable(index.get(key))
        .map(file -> read.computeIfAbsent(file, Catalogue::parsed));
  }

  private static ModelProfile parsed(String file) {
    try (InputStream in = open(file)) {
      return Yaml.MAPPER.readValue(in, ModelProfile.class);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file + " of the catalogue", e);
    }
  }

  private static InputStream open(String file) {
    InputStream in = Catalogue.class.getResourceAsStream(FOLDER + file);
    if (in == null) {
      throw new IllegalStateException("the catalogue of this build has no file " + file);
    }
    return in;
  }
}

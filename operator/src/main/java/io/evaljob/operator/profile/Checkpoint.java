package io.evaljob.operator.profile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * All tensors of a model on disk: one safetensors file, or several with an index or with numbers in
 * their names.
 *
 * @param folder where its files are
 * @param files the safetensors files, in the order of their names
 * @param tensors the tensors by name
 */
record Checkpoint(Path folder, List<Path> files, Map<String, Tensor> tensors) {

  /** More files than any released model has; each of them is opened. */
  private static final int MAX_FILES = 10_000;

  private static final long MAX_INDEX_BYTES = 100_000_000;
  private static final String INDEX = ".safetensors.index.json";
  private static final String ENDING = ".safetensors";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+-]{0,254}");
  private static final Pattern SHARD =
      Pattern.compile("(.*)-(\\d{1,9})-of-(\\d{1,9})\\.safetensors");

  /**
   * Reads the headers of a model's files.
   *
   * @param path the model's folder, one of a hub cache too, or one safetensors file
   * @throws CheckpointException when files are missing or broken
   */
  static Checkpoint read(Path path) {
    if (Files.isRegularFile(path)) {
      Path folder = path.toAbsolutePath().getParent();
      return of(folder, List.of(path));
    }
    if (!Files.isDirectory(path)) {
      throw CheckpointException.of(
          path,
          "does not exist",
          "name the folder that holds config.json and the safetensors files");
    }
    Path folder = HubCache.snapshot(path);
    List<String> names = names(folder);
    List<String> indexes = preferred(names, INDEX);
    if (!indexes.isEmpty()) {
      return ofIndex(folder, folder.resolve(indexes.get(0)));
    }
    List<String> found = preferred(names, ENDING);
    if (found.isEmpty()) {
      boolean pickled = names.stream().anyMatch(name -> name.matches(".*\\.(bin|pt|pth)"));
      throw CheckpointException.of(
          folder,
          pickled
              ? "holds weights in PyTorch's pickle format, whose sizes cannot be read without loading"
              : "holds no safetensors file",
          pickled
              ? "save the model once with save_pretrained(..., safe_serialization=True)"
              : "name the folder that holds config.json and the safetensors files");
    }
    return of(folder, found.size() == 1 ? paths(folder, found) : shards(folder, found));
  }

  /** A file's tensors, or what is wrong with it. */
  private record Header(Path file, List<Tensor> tensors, Optional<CheckpointException> broken) {

    static Header read(Path file) {
      try {
        return new Header(file, SafetensorsHeader.read(file), Optional.empty());
      } catch (CheckpointException e) {
        return new Header(file, List.of(), Optional.of(e));
      }
    }
  }

  private static Checkpoint of(Path folder, List<Path> files) {
    Map<String, Tensor> tensors = new TreeMap<>();
    // Several files at a time; of several broken ones the first is told, whichever was read first.
    for (Header header : files.parallelStream().map(Header::read).toList()) {
      if (header.broken().isPresent()) {
        throw header.broken().get();
      }
      for (Tensor tensor : header.tensors()) {
        if (tensors.put(tensor.name(), tensor) != null) {
          throw CheckpointException.of(
              header.file(),
              "has tensor " + tensor.name() + ", which another file of the model has too",
              "keep the files of one checkpoint only in the folder");
        }
      }
    }
    if (tensors.isEmpty()) {
      throw CheckpointException.of(
          files.get(0), "has no tensor", "name the file or folder that holds the model's weights");
    }
    return new Checkpoint(folder, List.copyOf(files), tensors);
  }

  /** What the index names is the model; it must all be there. */
  private static Checkpoint ofIndex(Path folder, Path index) {
    String remedy = "fetch the index and the files it names again";
    Map<String, String> fileOf = new LinkedHashMap<>();
    Map<String, Long> offsets = new LinkedHashMap<>();
    StrictJson json = new StrictJson(index, 0, SmallFile.read(index, MAX_INDEX_BYTES), remedy);
    json.document(
        name -> {
          if (!name.equals("weight_map")) {
            json.skip();
            return;
          }
          json.object(
              "weight_map",
              tensor -> {
                String file = json.text("file of tensor " + tensor);
                if (offsets.putIfAbsent(file, json.offset()) == null) {
                  exists(folder, file, json);
                }
                fileOf.put(tensor, file);
              });
        });
    if (fileOf.isEmpty()) {
      throw CheckpointException.of(index, "has no weight_map, or an empty one", remedy);
    }
    if (offsets.size() > MAX_FILES) {
      throw CheckpointException.of(index, "names more than " + MAX_FILES + " files", remedy);
    }
    Checkpoint all = of(folder, offsets.keySet().stream().sorted().map(folder::resolve).toList());
    fileOf.forEach(
        (tensor, file) -> {
          if (!all.tensors.containsKey(tensor)) {
            throw CheckpointException.at(
                index,
                offsets.get(file),
                "says that %s has tensor %s, and it has not".formatted(file, tensor),
                remedy);
          }
        });
    return all;
  }

  private static void exists(Path folder, String file, StrictJson json) {
    if (!NAME.matcher(file).matches()) {
      throw json.here("names the file '" + file + "', which is not a name within the folder");
    }
    if (!Files.isRegularFile(folder.resolve(file))) {
      throw json.here("names the file " + file + ", which does not exist in " + folder);
    }
  }

  /** Without an index, numbered files must be a whole series. */
  private static List<Path> shards(Path folder, List<String> names) {
    Set<String> missing = new LinkedHashSet<>();
    for (String name : names) {
      Matcher match = SHARD.matcher(name);
      if (!match.matches()) {
        throw CheckpointException.of(
            folder,
            "holds several safetensors files and no index that says which are the model's (%s)"
                .formatted(String.join(", ", names.subList(0, Math.min(3, names.size())))),
            "name one file, or fetch model" + INDEX);
      }
      int of = Integer.parseInt(match.group(3));
      for (int number = 1; number <= of && of <= MAX_FILES; number++) {
        String expected =
            "%s-%0{w}d-of-%s.safetensors"
                .replace("{w}", Integer.toString(match.group(2).length()))
                .formatted(match.group(1), number, match.group(3));
        if (!names.contains(expected)) {
          missing.add(expected);
        }
      }
      break;
    }
    if (!missing.isEmpty()) {
      throw CheckpointException.of(
          folder,
          "lacks %s and %d more of its files"
              .formatted(missing.iterator().next(), missing.size() - 1),
          "fetch the model again");
    }
    return paths(folder, names);
  }

  private static List<Path> paths(Path folder, List<String> names) {
    return names.stream().map(folder::resolve).toList();
  }

  /** Those named {@code model…} where there are some: others are adapters or other formats. */
  private static List<String> preferred(List<String> names, String ending) {
    List<String> all = names.stream().filter(name -> name.endsWith(ending)).toList();
    if (all.contains("model" + ending)) {
      return List.of("model" + ending);
    }
    List<String> models = all.stream().filter(name -> name.startsWith("model-")).toList();
    return models.isEmpty() ? all : models;
  }

  private static List<String> names(Path folder) {
    List<String> names = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      files.map(file -> file.getFileName().toString()).sorted().forEach(names::add);
    } catch (IOException e) {
      throw CheckpointException.of(
          folder, "cannot be listed (" + e + ")", "make it readable, or name another path");
    }
    return names;
  }
}

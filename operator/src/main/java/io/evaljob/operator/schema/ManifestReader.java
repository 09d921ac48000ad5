package io.evaljob.operator.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.UnicodeReader;

/**
 * Reads objects from YAML or JSON files of one or more documents.
 *
 * <p>Scalars mean what they mean to kubectl: {@code yes} is a boolean and {@code 8} a number, not
 * text. Objects of kind List are taken apart. Nothing is thrown for what a user may have written.
 */
public final class ManifestReader {
  private static final int MAX_BYTES = 8 << 20;

  private ManifestReader() {}

  /** Reads several files, in their order. */
  public static Manifests readAll(List<Path> files) {
    Manifests all = new Manifests(List.of(), List.of());
    for (Path file : files) {
      all = all.plus(read(file));
    }
    return all;
  }

  /** Reads one file. */
  public static Manifests read(Path file) {
    String source = file.toString();
    if (Files.isDirectory(file)) {
      return failed(source, "is a folder", "name the files in it");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return read(in, source, Optional.of(file));
    } catch (NoSuchFileException e) {
      return failed(source, "does not exist", "check the path");
    } catch (IOException e) {
      return failed(source, "cannot be read (" + e.getMessage() + ")", "check its permissions");
    }
  }

  /**
   * Reads a stream, for example standard input; it is not closed.
   *
   * @param source name of the stream in messages
   */
  public static Manifests read(InputStream in, String source) {
    return read(in, source, Optional.empty());
  }

  private static Manifests read(InputStream in, String source, Optional<Path> file) {
    List<Manifest> documents = new ArrayList<>();
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(MAX_BYTES);
    // YamlTree counts what aliases expand to; their number alone says little.
    options.setMaxAliasesForCollections(1000);
    try (Reader reader = new UnicodeReader(in)) {
      for (Node root : new Yaml(options).composeAll(reader)) {
        Map<String, Position> positions = new HashMap<>();
        JsonNode tree = new YamlTree(positions).convert(root);
        if (tree.isNull()) {
          continue;
        }
        if (!(tree instanceof ObjectNode object)) {
          return new Manifests(
              documents,
              List.of(
                  problem(
                      source,
                      YamlTree.position(root.getStartMark()),
                      "the document is not an object",
                      "start it with apiVersion and kind")));
        }
        add(new Manifest(source, file, object, positions), documents);
      }
      return new Manifests(documents, List.of());
    } catch (YAMLException | IOException e) {
      return new Manifests(documents, List.of(malformed(source, e)));
    }
  }

  private static void add(Manifest manifest, List<Manifest> documents) {
    JsonNode items = manifest.object().path("items");
    if (!manifest.kind().equals("List") || !items.isArray()) {
      documents.add(manifest);
      return;
    }
    for (int i = 0; i < items.size(); i++) {
      if (items.get(i) instanceof ObjectNode item) {
        String prefix = "/items/" + i;
        Map<String, Position> positions = new HashMap<>();
        manifest
            .positions()
            .forEach(
                (pointer, position) -> {
                  if (pointer.equals(prefix) || pointer.startsWith(prefix + "/")) {
                    positions.put(pointer.substring(prefix.length()), position);
                  }
                });
        documents.add(new Manifest(manifest.source(), manifest.file(), item, positions));
      }
    }
  }

  private static SchemaProblem malformed(String source, Exception exception) {
    if (exception instanceof MarkedYAMLException marked && marked.getProblem() != null) {
      Mark mark =
          marked.getProblemMark() == null ? marked.getContextMark() : marked.getProblemMark();
      return problem(
          source,
          mark == null ? Position.UNKNOWN : YamlTree.position(mark),
          "this is not valid YAML (" + oneLine(marked.getProblem()) + ")",
          remedy(marked.getProblem()));
    }
    if (exception instanceof ReaderException
        || exception instanceof CharacterCodingException
        || exception.getCause() instanceof CharacterCodingException) {
      return problem(source, Position.UNKNOWN, "this is not plain text", "save it as UTF-8");
    }
    return problem(
        source,
        Position.UNKNOWN,
        "this cannot be read (" + oneLine(String.valueOf(exception.getMessage())) + ")",
        "split it, or write it without anchors");
  }

  private static String remedy(String problem) {
    String said = problem.toLowerCase(Locale.ROOT);
    if (said.contains("tab")) {
      return "indent with spaces, not with tabs";
    }
    if (said.contains("duplicate key")) {
      return "keep one of the two";
    }
    if (said.contains("mapping values are not allowed")) {
      return "check the indentation, and put text that contains ': ' in quotes";
    }
    if (said.contains("block end") || said.contains("block mapping")) {
      return "line this up with the lines above it";
    }
    if (said.contains("alias")
        || said.contains("anchor")
        || said.contains("unexpected character")) {
      return "put text that begins with * or & in quotes";
    }
    if (said.contains("cannot start any token")) {
      return "put text that begins with a special character in quotes";
    }
    if (said.contains("end of stream") || said.contains("scanning a quoted scalar")) {
      return "close the quote or bracket that was opened";
    }
    return "check indentation, quotes and brackets from here upwards";
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s+", " ");
  }

  private static Manifests failed(String source, String reason, String remedy) {
    return new Manifests(List.of(), List.of(problem(source, Position.UNKNOWN, reason, remedy)));
  }

  private static SchemaProblem problem(
      String source, Position position, String reason, String remedy) {
    return new SchemaProblem(source, position, "", "", reason, remedy);
  }
}

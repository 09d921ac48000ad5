package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The objects of the API server on disk: a file of JSON lines that is only appended to, each line
 * forced to the disk before the write returns, and written anew when it is opened.
 *
 * <p>A line is {@code {"version":7,"url":"/api/v1/…","object":{…}}}, without {@code object} for a
 * removal. A last line without its end was never answered and is dropped. Not safe for use by
 * several threads: the store writes under its own lock.
 */
final class ObjectLog implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final Map<String, JsonNode> objects = new LinkedHashMap<>();
  private long version;
  private FileChannel channel;

  /**
   * Opens or makes the log.
   *
   * @throws UncheckedIOException when the file cannot be read, written, or holds something else
   */
  ObjectLog(Path file) {
    this.file = file;
    try {
      if (Files.exists(file)) {
        read();
      }
      compact();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot open the objects kept in " + file, e);
    }
  }

  /** The objects by URL, in the order of their last change. */
  Map<String, JsonNode> objects() {
    return new LinkedHashMap<>(objects);
  }

  /** Drops what was read at the start, which the store holds by now. */
  void forgetObjects() {
    objects.clear();
  }

  /** The greatest resource version ever given out and kept. */
  long version() {
    return version;
  }

  /** Keeps {@code object} at {@code url}; on the disk when this returns. */
  void put(String url, long newVersion, JsonNode object) {
    append(line(url, newVersion, object));
    version = Math.max(version, newVersion);
  }

  /** Forgets the object at {@code url}; on the disk when this returns. */
  void remove(String url, long newVersion) {
    append(line(url, newVersion, null));
    version = Math.max(version, newVersion);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot close " + file, e);
    }
  }

  private static String line(String url, long version, JsonNode object) {
    ObjectNode line = JSON.createObjectNode().put("version", version).put("url", url);
    if (object != null) {
      line.set("object", object);
    }
    return line + "\n";
  }

  private void append(String line) {
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(line);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(false);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot keep an object in " + file, e);
    }
  }

  private void read() throws IOException {
    String text = Files.readString(file, StandardCharsets.UTF_8);
    int start = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      String line = text.substring(start, end);
      start = end + 1;
      try {
        JsonNode entry = JSON.readTree(line);
        version = Math.max(version, entry.path("version").asLong());
        String url = entry.path("url").asText();
        objects.remove(url);
        if (entry.has("object")) {
          objects.put(url, entry.get("object"));
        }
      } catch (JsonProcessingException e) {
        throw new IOException(
            file
                + " is damaged at character "
                + (start - line.length())
                + "; move the state folder away to start anew",
            e);
      }
    }
  }

  private void compact() throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try (FileChannel out =
        FileChannel.open(
            next,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      StringBuilder text = new StringBuilder();
      // The counter first: it must go on even where no object carries the last version.
      text.append(line("", version, null));
      objects.forEach((url, object) -> text.append(line(url, version, object)));
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel directory = FileChannel.open(file.toAbsolutePath().getParent())) {
      directory.force(true);
    }
    channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }
}

package io.evaljob.operator.profile;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes safetensors files whose data is a hole: any size costs nothing. */
public final class Tensors {

  private static final ObjectMapper JSON = new ObjectMapper();

  @SuppressWarnings("ArrayRecordComponent") // numbers only: never compared, never changed
  private record Entry(String type, int bits, long[] shape) {
    long bytes() {
      return Arrays.stream(shape).reduce(1, Math::multiplyExact) * bits / 8;
    }
  }

  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /** Adds a tensor of bfloat16. */
  public Tensors add(String name, long... shape) {
    return add(name, "BF16", 16, shape);
  }

  /** Adds a tensor of any type. */
  public Tensors add(String name, String type, int bits, long... shape) {
    entries.put(name, new Entry(type, bits, shape));
    return this;
  }

  /** Adds the same tensors to layers 0 to count - 1; {@code %d} is the layer. */
  public Tensors layers(int count, String name, long... shape) {
    for (int layer = 0; layer < count; layer++) {
      add(name.formatted(layer), shape);
    }
    return this;
  }

  /** The header's JSON. */
  public String header() {
    ObjectNode root = JSON.createObjectNode();
    root.putObject("__metadata__").put("format", "pt");
    long end = 0;
    for (Map.Entry<String, Entry> named : entries.entrySet()) {
      Entry entry = named.getValue();
      ObjectNode tensor = root.putObject(named.getKey());
      tensor.put("dtype", entry.type());
      Arrays.stream(entry.shape()).forEach(tensor.putArray("shape")::add);
      tensor.putArray("data_offsets").add(end).add(end + entry.bytes());
      end += entry.bytes();
    }
    return root.toString();
  }

  /** Bytes of all tensors. */
  public long bytes() {
    return entries.values().stream().mapToLong(Entry::bytes).sum();
  }

  /** Writes all of them to one file. */
  public Path write(Path file) {
    return write(file, header().getBytes(StandardCharsets.UTF_8), bytes());
  }

  /** Writes them to as many files, with an index. */
  public void shards(Path folder, int count) {
    List<Map.Entry<String, Entry>> all = new ArrayList<>(entries.entrySet());
    ObjectNode index = JSON.createObjectNode();
    index.putObject("metadata").put("total_size", bytes());
    ObjectNode files = index.putObject("weight_map");
    for (int shard = 0; shard < count; shard++) {
      String name = "model-%05d-of-%05d.safetensors".formatted(shard + 1, count);
      Tensors part = new Tensors();
      for (Map.Entry<String, Entry> entry :
          all.subList(all.size() * shard / count, all.size() * (shard + 1) / count)) {
        part.entries.put(entry.getKey(), entry.getValue());
        files.put(entry.getKey(), name);
      }
      part.write(folder.resolve(name));
    }
    text(folder.resolve("model.safetensors.index.json"), index.toString());
  }

  /** Writes a file with this header and a hole of that size behind it. */
  public static Path write(Path file, byte[] header, long data) {
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header).flip();
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.SPARSE)) {
      channel.write(bytes);
      if (data > 0) {
        channel.write(ByteBuffer.allocate(1), 8 + header.length + data - 1);
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a text. */
  public static Path text(Path file, String text) {
    try {
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

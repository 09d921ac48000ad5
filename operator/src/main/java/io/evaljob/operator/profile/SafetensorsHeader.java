package io.evaljob.operator.profile;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The header of one safetensors file: eight bytes with its length, then JSON that gives each
 * tensor's type, shape and place in the rest of the file. The rest is never read.
 *
 * <p>The rules are those of the format: places start at 0, leave no gap, do not overlap and end
 * with the file; the bytes of a tensor are those that its shape and type ask for.
 */
final class SafetensorsHeader {

  /** The library's own limit; a longer one is a broken or hostile file. */
  static final long MAX_LENGTH = 100_000_000;

  private static final int PREFIX = 8;
  private static final int MAX_DIMENSIONS = 64;

  private static final String TORN = "fetch or copy this file again, it is incomplete or damaged";
  private static final String WRONG =
      "write the checkpoint again with the safetensors library, or fetch this file again";

  /** Bits of one element. A type that is not here is new: its places are believed. */
  private static final Map<String, Integer> BITS =
      Map.ofEntries(
          Map.entry("BOOL", 8),
          Map.entry("U8", 8),
          Map.entry("I8", 8),
          Map.entry("F4", 4),
          Map.entry("F6_E2M3", 6),
          Map.entry("F6_E3M2", 6),
          Map.entry("F8_E4M3", 8),
          Map.entry("F8_E5M2", 8),
          Map.entry("F8_E8M0", 8),
          Map.entry("F8_E4M3FNUZ", 8),
          Map.entry("F8_E5M2FNUZ", 8),
          Map.entry("I16", 16),
          Map.entry("U16", 16),
          Map.entry("F16", 16),
          Map.entry("BF16", 16),
          Map.entry("I32", 32),
          Map.entry("U32", 32),
          Map.entry("F32", 32),
          Map.entry("I64", 64),
          Map.entry("U64", 64),
          Map.entry("F64", 64),
          Map.entry("C64", 64));

  /** A tensor and where it lies, counted from the end of the header. */
  private record Place(Tensor tensor, long begin, long end, long offset) {}

  private final Path file;
  private final long dataStart;
  private final long dataLength;
  private final StrictJson json;
  private final List<Place> places = new ArrayList<>();

  private SafetensorsHeader(Path file, long dataLength, byte[] header) {
    this.file = file;
    this.dataStart = (long) PREFIX + header.length;
    this.dataLength = dataLength;
    this.json = new StrictJson(file, PREFIX, header, WRONG);
  }

  /**
   * Reads the header of a file.
   *
   * @return its tensors in the order of their data
   * @throws CheckpointException when the file cannot be read or breaks a rule of the format
   */
  static List<Tensor> read(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < PREFIX) {
        throw CheckpointException.at(
            file, size, "the file ends within the 8 bytes of the header's length", TORN);
      }
      long length = bytes(channel, 0, PREFIX).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (length < 0 || length > MAX_LENGTH) {
        throw CheckpointException.at(
            file,
            0,
            "the header says it has %s bytes and at most %d are possible"
                .formatted(Long.toUnsignedString(length), MAX_LENGTH),
            "make sure that this is a safetensors file, or fetch it again");
      }
      if (length > size - PREFIX) {
        throw CheckpointException.at(
            file,
            size,
            "the file ends within its header, which should reach to byte " + (PREFIX + length),
            TORN);
      }
      byte[] header = bytes(channel, PREFIX, (int) length).array();
      return new SafetensorsHeader(file, size - PREFIX - length, header).tensors();
    } catch (EOFException e) {
      throw CheckpointException.of(file, "became shorter while it was read", TORN);
    } catch (IOException e) {
      throw CheckpointException.of(
          file, "cannot be read (" + e + ")", "make it a readable file, or name another path");
    }
  }

  private static ByteBuffer bytes(FileChannel channel, long start, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, start + bytes.position()) < 0) {
        throw new EOFException();
      }
    }
    return bytes.flip();
  }

  private List<Tensor> tensors() {
    json.document(
        name -> {
          if (name.equals("__metadata__")) {
            json.texts("__metadata__");
          } else {
            tensor(name);
          }
        });
    places.sort(Comparator.comparingLong(Place::begin).thenComparingLong(Place::end));
    long end = 0;
    String before = "";
    for (Place place : places) {
      if (place.begin != end) {
        throw CheckpointException.at(
            file,
            place.offset,
            "tensor %s starts at %d of the data and the one before it%s ends at %d: %s"
                .formatted(
                    place.tensor.name(),
                    place.begin,
                    before,
                    end,
                    place.begin < end ? "they overlap" : "there is a gap"),
            WRONG);
      }
      end = place.end;
      before = " (" + place.tensor.name() + ")";
    }
    if (end < dataLength) {
      throw CheckpointException.at(
          file,
          dataStart + end,
          "the tensors end at %d of the data and the file goes on to %d".formatted(end, dataLength),
          WRONG);
    }
    return places.stream().map(Place::tensor).toList();
  }

  private void tensor(String name) throws IOException {
    long offset = json.offset();
    String what = "tensor " + name;
    String[] type = new String[1];
    long[][] shape = new long[1][];
    long[][] place = new long[1][];
    json.object(
        what,
        field -> {
          switch (field) {
            case "dtype" -> type[0] = json.text("dtype of " + what);
            case "shape" -> shape[0] = json.numbers("shape of " + what, MAX_DIMENSIONS);
            case "data_offsets" -> place[0] = json.numbers("data_offsets of " + what, 2);
            default -> json.skip();
          }
        });
    if (type[0] == null || shape[0] == null || place[0] == null || place[0].length != 2) {
      throw CheckpointException.at(
          file, offset, what + " lacks dtype, shape or two data_offsets", WRONG);
    }
    long begin = place[0][0];
    long end = place[0][1];
    if (begin > end) {
      throw CheckpointException.at(
          file, offset, "%s ends at %d before it starts at %d".formatted(what, end, begin), WRONG);
    }
    if (end > dataLength) {
      throw CheckpointException.at(
          file,
          offset,
          "%s should end at %d of the data and the file has only %d"
              .formatted(what, end, dataLength),
          TORN);
    }
    size(type[0], shape[0], end - begin, what, offset);
    places.add(new Place(new Tensor(name, type[0], end - begin), begin, end, offset));
  }

  private void size(String type, long[] shape, long bytes, String what, long offset) {
    Integer bits = BITS.get(type);
    if (bits == null) {
      return;
    }
    boolean equal;
    try {
      long elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
      equal = Math.multiplyExact(elements, bits) == Math.multiplyExact(bytes, 8);
    } catch (ArithmeticException e) {
      equal = false;
    }
    if (!equal) {
      throw CheckpointException.at(
          file,
          offset,
          "%s has %d bytes, which is not what %s of shape %s takes"
              .formatted(what, bytes, type, Arrays.toString(shape)),
          WRONG);
    }
  }
}

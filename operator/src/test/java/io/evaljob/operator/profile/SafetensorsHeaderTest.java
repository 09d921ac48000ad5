package io.evaljob.operator.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsHeaderTest {

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("model.safetensors");
  }

  @Test
  void tensorsHaveTheBytesOfTheirPlaces() {
    new Tensors()
        .add("a", 3, 4)
        .add("empty", 0, 7)
        .add("scalar", "F32", 32)
        .add("four", "F4", 4, 6)
        .add("new", "F2_NEW", 2, 8)
        .write(file);

    assertThat(SafetensorsHeader.read(file))
        .containsExactlyInAnyOrder(
            new Tensor("a", "BF16", 24),
            new Tensor("empty", "BF16", 0),
            new Tensor("scalar", "F32", 4),
            new Tensor("four", "F4", 3),
            new Tensor("new", "F2_NEW", 2));
  }

  /** Whatever is wrong, the message names the file, the byte and what to do. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "[1]|8|is a list and must be an object",
        "{'a':7}|13|is 7 and must be an object",
        "{'a':{'dtype':'BF16','shape':[2]}}|13|lacks dtype, shape or two data_offsets",
        "{'a':{'dtype':'BF16','shape':[2],'data_offsets':[0,4]}} x|64|Unrecognized token",
        "{'a':{'dtype':'BF16','shape':[2],'data_offsets':[0,4]}}{}|63|follows the closing brace",
        "{'a':{'dtype':'BF16','shape':[3],'data_offsets':[0,4]}}|13|not what BF16 of shape [3]",
        "{'a':{'dtype':'BF16','shape':[-2],'data_offsets':[0,4]}}|38|whole numbers of 0 or more",
        "{'a':{'dtype':'BF16','shape':[2],'data_offsets':[4,0]}}|13|ends at 0 before it starts at 4",
        "{'a':{'dtype':'BF16','shape':[9],'data_offsets':[0,18]}}|13|the file has only 4",
        "{'a':{'dtype':'U8','shape':[2],'data_offsets':[0,2]}}|63|the file goes on to 4",
        "{'a':{'dtype':'U8','shape':[2],'data_offsets':[2,4]}}|13|there is a gap",
        "{'a':{'dtype':'U8','shape':[3],'data_offsets':[0,3]},'b':{'dtype':'U8','shape':[2],"
            + "'data_offsets':[2,4]}}|65|they overlap",
        "{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'a':{}}|64|Duplicate field",
        "{'a':{'dtype':'U8','dtype':'U8'}}|34|Duplicate field",
        "{'a':{'dtype':'U8','shape':[4294967296,4294967296],'data_offsets':[0,4]}}|13|not what U8",
        "{'a':{'dtype':'U8','shape':[99999999999999999999],'data_offsets':[0,4]}}|36|whole numbers",
        "{'__metadata__':{'format':1}}|34|is 1 and must be a text",
        "{'a':{'dtype':'U8'|26|Unexpected end-of-input",
      })
  void aBrokenHeaderIsToldWithItsPlace(String header, long offset, String why) {
    Tensors.write(file, header.replace('\'', '"').getBytes(StandardCharsets.UTF_8), 4);

    assertThatThrownBy(() -> SafetensorsHeader.read(file))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(file + ", byte " + offset + ": ")
        .hasMessageContaining(why)
        .hasMessageMatching("(?s).*; (write|fetch|make sure).*");
  }

  @Test
  void textThatIsNotUtf8IsToldWithItsPlace() {
    byte[] header = "{\"a?\":{}}".getBytes(StandardCharsets.UTF_8);
    header[3] = (byte) 0xff;
    Tensors.write(file, header, 0);

    assertThatThrownBy(() -> SafetensorsHeader.read(file))
        .hasMessageStartingWith(file + ", byte 11: is not UTF-8; ");
  }

  @Test
  void aTornFileIsToldWithItsEnd() throws IOException {
    new Tensors().add("a", 3, 4).write(file);
    long whole = Files.size(file);
    for (long size : new long[] {0, 7, 8, 30, whole - 1}) {
      try (RandomAccessFile torn = new RandomAccessFile(file.toFile(), "rw")) {
        torn.setLength(size);
      }
      assertThatThrownBy(() -> SafetensorsHeader.read(file))
          .as("%d of %d bytes", size, whole)
          .isInstanceOf(CheckpointException.class)
          .hasMessageStartingWith(file + ", byte ")
          .hasMessageContaining("fetch");
      new Tensors().add("a", 3, 4).write(file);
    }
  }

  /** The length decides what is allocated, so it is judged before. */
  @ParameterizedTest
  @CsvSource({"9223372036854775807", "-1", "100000001", "1099511627776"})
  void aLengthBeyondTheLimitIsNotBelieved(long length) throws IOException {
    Files.write(
        file, ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());

    assertThatThrownBy(() -> SafetensorsHeader.read(file))
        .hasMessageStartingWith(
            file + ", byte 0: the header says it has " + Long.toUnsignedString(length))
        .hasMessageContaining("at most 100000000");
  }

  @Test
  void whatStandsInTheFileDoesNotReachTheTerminalAsItIs() {
    String header = "{\"\\u001b[2J\\u202e\":7}";
    Tensors.write(file, header.getBytes(StandardCharsets.UTF_8), 0);

    assertThatThrownBy(() -> SafetensorsHeader.read(file))
        .hasMessageContaining("tensor ?[2J? is 7");
  }
}

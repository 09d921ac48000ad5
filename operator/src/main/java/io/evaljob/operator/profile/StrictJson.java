package io.evaljob.operator.profile;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A walk over the JSON of a file that knows at which byte of the file it is: one UTF-8 object, no
 * key twice, nothing after it but spaces.
 */
final class StrictJson {

  /** Names of tensors are all different, so interning them would cost more than reading them. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  /** Decoded at a time: only whether it can be decoded matters. */
  private static final int CHARACTERS = 8192;

  private final Path file;
  private final long start;
  private final String remedy;
  private final JsonParser parser;

  /**
   * Prepares the walk.
   *
   * @param file where the bytes are from, for messages
   * @param start place of the first of them in the file
   * @param bytes the JSON
   * @param remedy what to do about a mistake in it
   * @throws CheckpointException when the bytes are not UTF-8
   */
  StrictJson(Path file, long start, byte[] bytes, String remedy) {
    this.file = file;
    this.start = start;
    this.remedy = remedy;
    utf8(bytes);
    try {
      parser = FACTORY.createParser(bytes);
    } catch (IOException e) {
      throw CheckpointException.at(file, start, "cannot be read: " + e.getMessage(), remedy);
    }
  }

  /** What stands under a key, read by its own function. */
  interface Member {
    void read(String name) throws IOException;
  }

  /** Reads the whole document, which must be one object. */
  void document(Member member) {
    try {
      parser.nextToken();
      object("the document", member);
      if (parser.nextToken() != null) {
        throw here("something follows the closing brace");
      }
    } catch (JsonProcessingException e) {
      throw at(e.getLocation(), "is not valid JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw here("is not valid JSON: " + e.getMessage());
    }
  }

  /** Reads the object that starts here. */
  void object(String what, Member member) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw here(what + " is " + found() + " and must be an object");
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      parser.nextToken();
      member.read(name);
    }
  }

  /** The object of texts that starts here. */
  Map<String, String> texts(String what) throws IOException {
    Map<String, String> texts = new LinkedHashMap<>();
    object(what, name -> texts.put(name, text(what + " entry " + name)));
    return texts;
  }

  /** The text that stands here. */
  String text(String what) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw here(what + " is " + found() + " and must be a text");
    }
    return parser.getText();
  }

  /** The numbers of the array that starts here, each a whole number of 0 or more. */
  long[] numbers(String what, int most) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw here(what + " is " + found() + " and must be a list");
    }
    long[] numbers = new long[most];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
          || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          || parser.getLongValue() < 0) {
        throw here(what + " has " + found() + " and may have whole numbers of 0 or more");
      }
      if (count == most) {
        throw here(what + " has more than " + most + " numbers");
      }
      numbers[count++] = parser.getLongValue();
    }
    return Arrays.copyOf(numbers, count);
  }

  /** Passes over what stands here. */
  void skip() throws IOException {
    parser.skipChildren();
  }

  /** Place of what stands here, in bytes from the start of the file. */
  long offset() {
    return start + Math.max(0, parser.currentTokenLocation().getByteOffset());
  }

  /** A mistake at this place. */
  CheckpointException here(String why) {
    return CheckpointException.at(file, offset(), why, remedy);
  }

  private CheckpointException at(JsonLocation place, String why) {
    long offset = Optional.ofNullable(place).map(JsonLocation::getByteOffset).orElse(0L);
    return CheckpointException.at(file, start + Math.max(0, offset), why, remedy);
  }

  private String found() throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "a list";
      case VALUE_STRING -> "a text";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getText();
      default -> token.asString() == null ? token.name() : token.asString();
    };
  }

  private void utf8(byte[] bytes) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(CHARACTERS);
    while (true) {
      out.clear();
      CoderResult result = decoder.decode(in, out, true);
      if (result.isError()) {
        throw CheckpointException.at(file, start + in.position(), "is not UTF-8", remedy);
      }
      if (result.isUnderflow()) {
        return;
      }
    }
  }
}

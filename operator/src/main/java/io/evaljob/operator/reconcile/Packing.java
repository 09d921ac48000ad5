package io.evaljob.operator.reconcile;

import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Packs objects of one kind into a few hundred bytes each: their JSON, deflated with the first one
 * as the dictionary, which the others resemble.
 */
final class Packing<T> {

  /** As far back as deflate looks. */
  private static final int LONGEST_DICTIONARY = 32 * 1024;

  private final KubernetesSerialization serialization;
  private final Class<T> type;
  private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
  private final Inflater inflater = new Inflater(true);
  private byte[] dictionary = {};

  Packing(KubernetesSerialization serialization, Class<T> type) {
    this.serialization = serialization;
    this.type = type;
  }

  /** The object in few bytes, without loss. */
  synchronized byte[] pack(T object) {
    byte[] json = serialization.asJson(object).getBytes(StandardCharsets.UTF_8);
    if (dictionary.length == 0) {
      dictionary = Arrays.copyOf(json, Math.min(json.length, LONGEST_DICTIONARY));
    }
    deflater.reset();
    deflater.setDictionary(dictionary);
    deflater.setInput(json);
    deflater.finish();
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    byte[] part = new byte[1024];
    while (!deflater.finished()) {
      packed.write(part, 0, deflater.deflate(part));
    }
    return packed.toByteArray();
  }

  /** The object again. */
  T unpack(byte[] packed) {
    return serialization.unmarshal(json(packed), type);
  }

  private synchronized String json(byte[] packed) {
    inflater.reset();
    inflater.setDictionary(dictionary);
    inflater.setInput(packed);
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    byte[] part = new byte[8 * 1024];
    try {
      while (!inflater.finished()) {
        int read = inflater.inflate(part);
        if (read == 0 && !inflater.finished()) {
          throw new IllegalStateException("a packed object is cut short");
        }
        json.write(part, 0, read);
      }
    } catch (DataFormatException e) {
      throw new IllegalStateException("a packed object is damaged", e);
    }
    return json.toString(StandardCharsets.UTF_8);
  }
}

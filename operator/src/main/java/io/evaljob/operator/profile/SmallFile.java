package io.evaljob.operator.profile;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file that is read as a whole, and therefore has a greatest size. */
final class SmallFile {

  private SmallFile() {}

  /**
   * All its bytes.
   *
   * @param limit greatest size in bytes, below 2^31
   * @throws CheckpointException when it does not exist, is larger, or cannot be read
   */
  static byte[] read(Path file, long limit) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes((int) limit + 1);
      if (bytes.length > limit) {
        throw CheckpointException.at(
            file,
            limit,
            "is larger than " + limit + " bytes",
            "make sure that it is the right file");
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw CheckpointException.of(
          file, "does not exist", "fetch it: it is part of every model on the hub");
    } catch (IOException e) {
      throw CheckpointException.of(
          file, "cannot be read (" + e + ")", "make it a readable file, or name another path");
    }
  }
}

package io.evaljob.operator.sandbox.kubelet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A container's output in a file of bounded size: when it is full it becomes {@code <name>.1}, in
 * place of the one before, so the last part is always there.
 */
final class BoundedLog {

  private final Path file;
  private final long limit;

  /** Keeps between {@code limit} and twice as many bytes. */
  BoundedLog(Path file, long limit) {
    this.file = file;
    this.limit = limit;
  }

  /** Copies until the stream ends. */
  void copy(InputStream output) throws IOException {
    Files.createDirectories(file.getParent());
    byte[] buffer = new byte[16 * 1024];
    OutputStream out = Files.newOutputStream(file);
    try {
      long size = 0;
      for (int n = output.read(buffer); n >= 0; n = output.read(buffer)) {
        if (size + n > limit) {
          out.close();
          Files.move(
              file,
              file.resolveSibling(file.getFileName() + ".1"),
              StandardCopyOption.REPLACE_EXISTING);
          out = Files.newOutputStream(file);
          size = 0;
        }
        out.write(buffer, 0, n);
        size += n;
      }
    } finally {
      out.close();
    }
  }

  /** The last bytes of the log as text; empty when there is none. */
  static String tail(Path file, int bytes) throws IOException {
    if (!Files.exists(file)) {
      return "";
    }
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      long start = Math.max(0, in.length() - bytes);
      byte[] content = new byte[(int) (in.length() - start)];
      in.seek(start);
      in.readFully(content);
      return new String(content, StandardCharsets.UTF_8);
    }
  }
}

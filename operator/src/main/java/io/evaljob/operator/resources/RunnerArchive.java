package io.evaljob.operator.resources;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Base64;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The runner as one Python archive: the same bytes for the same sources on every machine, so that
 * its hash can name the ConfigMap that carries it.
 */
public final class RunnerArchive {
  /** File name in the ConfigMap and in the container. */
  public static final String FILE_NAME = "evaljob-runner.pyz";

  private static final String RESOURCE_ROOT = "runner/";
  private static final String MAIN = "__main__.py";

  /** Any day after 1980-01-01, for which the JDK would add a time that depends on the zone. */
  private static final LocalDateTime EPOCH = LocalDateTime.of(2000, 1, 1, 0, 0);

  /** As a ConfigMap has it: it is written into one more often than it is looked into. */
  private final String base64;

  private final ContentHash hash;

  private RunnerArchive(byte[] bytes) {
    this.base64 = Base64.getEncoder().encodeToString(bytes);
    this.hash = ContentHash.of(bytes);
  }

  /**
   * Reads the runner from the class path.
   *
   * @throws IllegalStateException if this build has no runner in it
   */
  public static RunnerArchive fromClassPath() {
    SortedMap<String, byte[]> sources = new TreeMap<>();
    try {
      URL main = RunnerArchive.class.getClassLoader().getResource(RESOURCE_ROOT + MAIN);
      if (main != null) {
        collect(main, sources);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the runner from the class path", e);
    }
    if (!sources.containsKey(MAIN)) {
      throw new IllegalStateException(
          "the runner is not in this build: resource " + RESOURCE_ROOT + MAIN + " is missing");
    }
    return of(sources);
  }

  /**
   * Packs sources.
   *
   * @param sources content by path inside the archive, with slashes
   */
  public static RunnerArchive of(Map<String, byte[]> sources) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> source : new TreeMap<>(sources).entrySet()) {
        zip.putNextEntry(stored(source.getKey(), source.getValue()));
        zip.write(source.getValue());
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to memory", e);
    }
    return new RunnerArchive(out.toByteArray());
  }

  /** A copy of the archive. */
  public byte[] bytes() {
    return Base64.getDecoder().decode(base64);
  }

  /** The archive in base64. */
  String base64() {
    return base64;
  }

  /** SHA-256 of the archive, 64 hexadecimal digits: the container checks it before it runs it. */
  public String sha256() {
    return hash.hex();
  }

  /** The short hash in the ConfigMap's name. */
  String suffix() {
    return hash.suffix(10);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RunnerArchive archive && base64.equals(archive.base64);
  }

  @Override
  public int hashCode() {
    return base64.hashCode();
  }

  /** Stored, not deflated: what deflate writes differs between JDKs. */
  private static ZipEntry stored(String name, byte[] content) {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCompressedSize(content.length);
    entry.setCrc(crc.getValue());
    entry.setTimeLocal(EPOCH); // local: independent of the machine's time zone
    return entry;
  }

  private static void collect(URL main, SortedMap<String, byte[]> sources) throws IOException {
    URLConnection connection = main.openConnection();
    if (connection instanceof JarURLConnection jar) {
      jar.setUseCaches(false);
      try (JarFile file = jar.getJarFile()) {
        for (JarEntry entry : Collections.list(file.entries())) {
          if (entry.getName().startsWith(RESOURCE_ROOT) && isSource(entry.getName())) {
            try (InputStream in = file.getInputStream(entry)) {
              sources.put(entry.getName().substring(RESOURCE_ROOT.length()), in.readAllBytes());
            }
          }
        }
      }
      return;
    }
    Path folder = Path.of(uri(main)).getParent();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        if (isSource(name)) {
          sources.put(name, Files.readAllBytes(file));
        }
      }
    }
  }

  private static boolean isSource(String name) {
    return name.endsWith(".py");
  }

  private static URI uri(URL url) {
    try {
      return url.toURI();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("not a file of the class path: " + url, e);
    }
  }
}

package io.evaljob.operator.profile;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A model's folder in the cache of the hub: its files are in {@code snapshots/REVISION}. */
final class HubCache {

  private static final String SNAPSHOTS = "snapshots";
  private static final int REVISION_BYTES = 256;

  private HubCache() {}

  /**
   * The folder with the model's files: of such a cache folder the revision that {@code main} names,
   * or the only one; any other folder as it is.
   *
   * @throws CheckpointException when several revisions are there and none is main
   */
  static Path snapshot(Path folder) {
    Path snapshots = folder.resolve(SNAPSHOTS);
    if (!Files.isDirectory(snapshots) || Files.exists(folder.resolve(ModelConfig.FILE))) {
      return folder;
    }
    Path main = folder.resolve("refs/main");
    if (Files.isRegularFile(main)) {
      String revision =
          new String(SmallFile.read(main, REVISION_BYTES), StandardCharsets.UTF_8).strip();
      if (revision.matches("[0-9A-Za-z._-]+") && Files.isDirectory(snapshots.resolve(revision))) {
        return snapshots.resolve(revision);
      }
    }
    try (Stream<Path> found = Files.list(snapshots)) {
      List<Path> revisions = found.filter(Files::isDirectory).toList();
      if (revisions.size() == 1) {
        return revisions.get(0);
      }
      throw CheckpointException.of(
          snapshots,
          "has " + revisions.size() + " revisions and none is main",
          "name the folder of one of them");
    } catch (IOException e) {
      throw CheckpointException.of(
          snapshots, "cannot be listed (" + e + ")", "make it readable, or name another path");
    }
  }
}

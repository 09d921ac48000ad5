package io.evaljob.operator.sandbox.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Who watches, and the last changes, so that a watch which begins at an earlier version misses
 * none.
 */
final class Watches {

  private static final int HISTORY = 256;

  private record Change(
      long version, ObjectPath path, Optional<JsonNode> before, Optional<JsonNode> after) {}

  private final Set<Watch> open = new LinkedHashSet<>();
  private final Deque<Change> history = new ArrayDeque<>();
  private long known;

  /** Nothing is known of changes up to this version. */
  synchronized void startAfter(long version) {
    known = version;
  }

  /**
   * Keeps one stored change and tells whoever watches.
   *
   * @param version resource version of the change
   */
  synchronized void tell(
      long version, ObjectPath path, Optional<JsonNode> before, Optional<JsonNode> after) {
    Optional<JsonNode> last = after.isPresent() ? before : before.map(o -> gone(o, version));
    history.addLast(new Change(version, path, last, after));
    if (history.size() > HISTORY) {
      known = history.removeFirst().version();
    }
    open.forEach(watch -> watch.tell(path, last, after));
  }

  /** A removed object as its watchers see it: with the version of its removal. */
  private static JsonNode gone(JsonNode object, long version) {
    ObjectNode last = object.deepCopy();
    ((ObjectNode) last.get("metadata")).put("resourceVersion", String.valueOf(version));
    return last;
  }

  /**
   * Begins a watch with the changes after a version, which it is told at once.
   *
   * @return empty when not all of those changes are known any more
   */
  synchronized Optional<Watch> openAfter(Selection selection, long version) {
    if (version < known) {
      return Optional.empty();
    }
    Watch watch = open(selection);
    history.stream()
        .filter(change -> change.version() > version)
        .forEach(change -> watch.tell(change.path(), change.before(), change.after()));
    return Optional.of(watch);
  }

  /** Begins a watch with the next change. */
  synchronized Watch open(Selection selection) {
    Watch watch = new Watch(selection, this::end);
    open.add(watch);
    return watch;
  }

  private synchronized void end(Watch watch) {
    open.remove(watch);
  }
}

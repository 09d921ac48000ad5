package io.evaljob.operator.sandbox.controller;

import io.evaljob.operator.sandbox.apiserver.ObjectPath;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Deletes objects whose owners are all gone, and lets an owner that is deleted in the foreground go
 * when its children are.
 */
public final class GarbageCollector implements Controller {

  private static final String FOREGROUND = "foregroundDeletion";

  private final ClusterWriter writer;

  /** Writes through {@code writer}. */
  public GarbageCollector(ClusterWriter writer) {
    this.writer = writer;
  }

  @Override
  public void sync(ClusterView view) {
    Set<String> uids =
        view.all().values().stream()
            .map(object -> object.getMetadata().getUid())
            .collect(Collectors.toSet());
    List<Map.Entry<ObjectPath, HasMetadata>> objects = new ArrayList<>(view.all().entrySet());
    for (Map.Entry<ObjectPath, HasMetadata> entry : objects) {
      HasMetadata object = entry.getValue();
      List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
      boolean orphan =
          !owners.isEmpty() && owners.stream().noneMatch(owner -> uids.contains(owner.getUid()));
      if (orphan && object.getMetadata().getDeletionTimestamp() == null) {
        writer.delete(entry.getKey(), object.getMetadata().getUid());
      }
      if (object.getMetadata().getDeletionTimestamp() != null
          && object.getMetadata().getFinalizers().contains(FOREGROUND)) {
        deleteInForeground(entry.getKey(), object, objects);
      }
    }
  }

  private void deleteInForeground(
      ObjectPath path, HasMetadata owner, List<Map.Entry<ObjectPath, HasMetadata>> objects) {
    boolean children = false;
    for (Map.Entry<ObjectPath, HasMetadata> entry : objects) {
      HasMetadata object = entry.getValue();
      if (object.getMetadata().getOwnerReferences().stream()
          .anyMatch(reference -> reference.getUid().equals(owner.getMetadata().getUid()))) {
        children = true;
        if (object.getMetadata().getDeletionTimestamp() == null) {
          writer.delete(entry.getKey(), object.getMetadata().getUid());
        }
      }
    }
    if (!children) {
      HasMetadata released = io.fabric8.kubernetes.client.utils.Serialization.clone(owner);
      released.getMetadata().getFinalizers().remove(FOREGROUND);
      writer.replace(path, released);
    }
  }
}

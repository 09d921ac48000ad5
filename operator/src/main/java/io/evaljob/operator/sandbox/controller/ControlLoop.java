package io.evaljob.operator.sandbox.controller;

import io.evaljob.operator.sandbox.apiserver.ObjectChange;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that keeps the {@link ClusterView} and lets the controllers work, one after the other,
 * whenever something changed. The store tells a change before it answers the write, so a controller
 * always sees its own earlier writes.
 */
public final class ControlLoop implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ControlLoop.class);
  private static final long RETRY_MILLIS = 500;

  private final BlockingQueue<Optional<ObjectChange>> changes = new LinkedBlockingQueue<>();
  private final ClusterView view = new ClusterView();
  private final Thread thread = new Thread(this::run, "sandbox-controllers");
  private List<Controller> controllers = List.of();
  private volatile boolean stopped;

  /** Takes note of a change; never blocks. */
  public void tell(ObjectChange change) {
    changes.add(Optional.of(change));
  }

  /** Lets the controllers look again although no object changed. */
  public void poke() {
    changes.add(Optional.empty());
  }

  /** The objects as last told. */
  public ClusterView view() {
    return view;
  }

  /** Applies what was told so far; for use before {@link #start}. */
  public void catchUp() {
    List<Optional<ObjectChange>> batch = new ArrayList<>();
    changes.drainTo(batch);
    batch.forEach(change -> change.ifPresent(view::apply));
  }

  /** Starts the controllers, which are called in this order. */
  public void start(List<Controller> inOrder) {
    controllers = List.copyOf(inOrder);
    thread.setDaemon(true);
    poke();
    thread.start();
  }

  private void run() {
    boolean retry = false;
    List<Optional<ObjectChange>> batch = new ArrayList<>();
    while (!stopped) {
      batch.clear();
      try {
        Optional<ObjectChange> first =
            retry ? changes.poll(RETRY_MILLIS, TimeUnit.MILLISECONDS) : changes.take();
        if (first != null) {
          batch.add(first);
        }
      } catch (InterruptedException e) {
        return;
      }
      changes.drainTo(batch);
      batch.forEach(change -> change.ifPresent(view::apply));
      if (retry || batch.stream().anyMatch(ControlLoop::matters)) {
        retry = !syncAll();
      }
    }
  }

  private static boolean matters(Optional<ObjectChange> change) {
    return change.isEmpty() || !change.get().path().plural().equals("events");
  }

  private boolean syncAll() {
    boolean done = true;
    for (Controller controller : controllers) {
      if (stopped) {
        return true;
      }
      try {
        controller.sync(view);
      } catch (KubernetesClientException e) {
        done = false;
        if (e.getCode() != 409 && e.getCode() != 404 && !stopped) {
          LOG.warn("{} failed and will try again", controller.getClass().getSimpleName(), e);
        }
      } catch (RuntimeException e) {
        done = false;
        LOG.warn("{} failed and will try again", controller.getClass().getSimpleName(), e);
      }
    }
    return done;
  }

  @Override
  public void close() {
    stopped = true;
    thread.interrupt();
    if (thread == Thread.currentThread()) {
      return;
    }
    try {
      thread.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

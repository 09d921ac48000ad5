package io.evaljob.operator.reconcile;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Keeps two things apart in this process: that the Job of a charged attempt is made, and that
 * charges are decided on. Without it a charge could be taken back between the last look at it and
 * the Job. It remembers nothing.
 */
final class DeviceDoor {

  private final ReadWriteLock lock = new ReentrantReadWriteLock(true);

  /** Looks at a charge and makes its Job; many may. */
  <T> T starting(Supplier<T> work) {
    return locked(lock.readLock(), work);
  }

  /** Decides on charges and writes them; one alone. */
  <T> T deciding(Supplier<T> work) {
    return locked(lock.writeLock(), work);
  }

  private static <T> T locked(Lock lock, Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }
}

package io.evaljob.operator.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ctrl-C and SIGTERM: the first one asks, the second one insists.
 *
 * <p>A shutdown hook would see only the first. {@code sun.misc.Signal}, which module {@code
 * jdk.unsupported} exports for this use, sees both; it is called by reflection because the compiler
 * warns of its name and warnings are errors here.
 */
final class Interrupts {

  private static final Logger LOGGER = LoggerFactory.getLogger(Interrupts.class);

  private final AtomicInteger count = new AtomicInteger();
  private final Runnable first;
  private final Runnable second;

  private Interrupts(Runnable first, Runnable second) {
    this.first = first;
    this.second = second;
  }

  /**
   * Handles the signals from now on, each in a thread of its own.
   *
   * @param first must return at once
   * @param second may take its time; later signals do nothing
   */
  static void handle(Runnable first, Runnable second) {
    Interrupts interrupts = new Interrupts(first, second);
    InvocationHandler handler =
        (proxy, method, arguments) ->
            switch (method.getName()) {
              case "handle" -> {
                interrupts.signal();
                yield null;
              }
              case "equals" -> proxy == arguments[0];
              case "hashCode" -> System.identityHashCode(proxy);
              default -> "interrupts";
            };
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> type = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(Interrupts.class.getClassLoader(), new Class<?>[] {type}, handler);
      for (String name : new String[] {"INT", "TERM"}) {
        signal
            .getMethod("handle", signal, type)
            .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
      }
    } catch (ReflectiveOperationException e) {
      LOGGER.warn("Signals cannot be handled here; Ctrl-C ends everything at once", e);
    }
  }

  private void signal() {
    int number = count.incrementAndGet();
    if (number == 1) {
      first.run();
    } else if (number == 2) {
      second.run();
    }
  }
}

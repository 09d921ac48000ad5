package io.evaljob.operator.leader;

/** A write that was not sent because another replica may lead by now. */
public final class NotLeading extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  NotLeading(String write) {
    super("not sent, because this replica does not lead: " + write);
  }
}

package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.status.ModelDraft;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What to do, and, once it is done, what to write. */
public final class Decision {

  private final Pass pass;

  Decision(Pass pass) {
    this.pass = pass;
  }

  /** What to do, in this order. */
  public List<Action> actions() {
    return pass.actions();
  }

  /**
   * Concludes the pass; to be called once.
   *
   * @param outcomes what became of the actions, in their order
   * @return the status to write and what follows from its being written
   */
  public Conclusion conclude(List<Outcome> outcomes) {
    List<ResultRow> rows = new ArrayList<>(pass.newRun() ? List.of() : pass.before().results());
    int total = pass.newRun() ? 0 : pass.before().resultsTotal();
    for (Outcome outcome : outcomes) {
      if (outcome instanceof Outcome.Planned planned) {
        plan(pass.model(planned.model()), planned);
      } else if (outcome instanceof Outcome.Started started) {
        pass.model(started.action().model()).job(started.uid());
      } else if (outcome instanceof Outcome.Postponed postponed) {
        pass.model(postponed.action().model()).startAgain();
      } else if (outcome instanceof Outcome.Uncharged uncharged) {
        ModelDraft model = pass.model(uncharged.action().model());
        DeviceGate gate = new DeviceGate(pass);
        gate.chargedTo(model).ifPresent(quota -> gate.queue(model, quota));
        pass.again(pass.input().settings().blockedDelay());
      } else if (outcome instanceof Outcome.Done done) {
        if (done.action() instanceof Action.StoreResults stored) {
          total += stored.rows().size();
          rows = new ArrayList<>(ResultRows.first(rows, stored.rows(), pass.modelNames()));
          end(pass.model(stored.model()), done.name(), stored.rows());
        }
      } else if (outcome instanceof Outcome.Blocked blocked) {
        block(blocked);
      } else if (outcome instanceof Outcome.Superseded superseded
          && superseded.action() instanceof Action.StartStage start) {
        pass.model(start.model()).nextAttempt();
        pass.again(Duration.ZERO);
      }
    }
    tellStages();
    return new StatusAssembly(pass, rows, total).conclude();
  }

  private void plan(ModelDraft model, Outcome.Planned planned) {
    if (model.planName().filter(planned.name()::equals).isEmpty()) {
      // Jobs are made from plans that are on record.
      pass.again(Duration.ZERO);
    }
    model.plan(planned.name(), planned.digest());
  }

  private void end(ModelDraft model, String resultsName, List<ResultRow> rows) {
    model.resultsName(resultsName);
    model.phase(Phases.ofRows(rows));
    pass.input().observed(model.name()).attempts().stream()
        .filter(attempt -> attempt.stage() == Stage.Score || attempt.ended())
        .map(AttemptObservation::podUid)
        .flatMap(java.util.Optional::stream)
        .filter(pass.input().reports()::containsKey)
        .forEach(pass::settle);
    long good = rows.stream().filter(row -> Phases.ROW_SUCCEEDED.equals(row.phase())).count();
    pass.tell(
        new EventNote(
            good < rows.size(),
            "ModelFinished",
            "Model "
                + model.name()
                + ": "
                + good
                + " of "
                + rows.size()
                + " data sets have a score; all rows are in ConfigMap "
                + resultsName
                + "."));
  }

  private void block(Outcome.Blocked blocked) {
    String name = "";
    if (blocked.action() instanceof Action.EnsurePlan plan) {
      name = plan.model();
    } else if (blocked.action() instanceof Action.StoreResults results) {
      name = results.model();
    } else if (blocked.action() instanceof Action.StartStage start) {
      name = start.model();
      pass.model(name).phase(io.evaljob.api.v1alpha1.Phase.Pending);
    }
    pass.waitFor(name, blocked.why());
    pass.again(pass.input().settings().blockedDelay());
  }

  private void tellStages() {
    for (ModelDraft model : pass.models()) {
      boolean waited = model.before().queuedTimeIfSet().isPresent() && model.queuedTime().isEmpty();
      boolean entered =
          model.started()
              && model.queuedTime().isEmpty()
              && (!model.stage().name().equals(model.before().stage())
                  || model.before().attempt() == 0
                  || waited);
      if (entered) {
        pass.tell(Story.stageStarted(model));
      }
    }
  }
}

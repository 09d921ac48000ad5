package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.evaljob.api.schema.Column;
import io.evaljob.api.schema.SelectableFields;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * Evaluates models on datasets: per model, a Job that fetches, one that runs the model on its
 * devices, and one that scores.
 */
@JsonClassDescription(
    "Evaluates models on datasets: for each model a Job that fetc"
        + "hes, one that runs the model on its devices, and one that scores.")
@JsonIgnoreProperties(ignoreUnknown = true)
@Group("evaljob.io")
@Version("v1alpha1")
@Plural("evaljobs")
@Singular("evaljob")
@ShortNames("ej")
@Column(name = "Phase", path = ".status.phase", description = "Where the job is.")
@Column(
    name = "Models",
    path = ".status.summary.models",
    description = "Models finished of all models.")
@Column(
    name = "Devices",
    path = ".status.summary.devices",
    description = "Devices held of devices requested.")
@Column(name = "Progress", path = ".status.summary.progress", description = "Percent of the run.")
@Column(name = "Waiting", path = ".status.waiting.reason", description = "For what the job waits.")
@Column(
    name = "Age",
    path = ".metadata.creationTimestamp",
    type = "date",
    description = "Time since the job was made.")
@Column(name = "Score", path = ".status.summary.score", wide = true, description = "Mean score.")
@Column(
    name = "Runtime",
    path = ".spec.runtimeRef.name",
    wide = true,
    description = "EvalRuntime of the job.")
@Column(
    name = "Queue",
    path = ".spec.queueName",
    wide = true,
    description = "Kueue LocalQueue of the job.")
@SelectableFields({".status.phase", ".spec.runtimeRef.name", ".spec.queueName"})
@ValidationRule(
    value = "self.metadata.name.size() <= 52",
    message = "metadata.name is longer than 52 characters: choose a shorter name")
@ValidationRule(
    value =
        "!has(oldSelf.status) || !has(oldSelf.status.run)"
            + " || self.spec.runID != oldSelf.spec.runID"
            + " || (self.spec.runtimeRef == oldSelf.spec.runtimeRef"
            + " && self.spec.models == oldSelf.spec.models"
            + " && self.spec.datasets == oldSelf.spec.datasets"
            + " && has(self.spec.accelerator) == has(oldSelf.spec.accelerator)"
            + " && (!has(self.spec.accelerator) || self.spec.accelerator == oldSelf.spec.accelerator)"
            + " && has(self.spec.split) == has(oldSelf.spec.split)"
            + " && (!has(self.spec.split) || self.spec.split == oldSelf.spec.split)"
            + " && has(self.spec.smokeTest) == has(oldSelf.spec.smokeTest)"
            + " && (!has(self.spec.smokeTest) || self.spec.smokeTest == oldSelf.spec.smokeTest)"
            + " && has(self.spec.scoring) == has(oldSelf.spec.scoring)"
            + " && (!has(self.spec.scoring) || self.spec.scoring == oldSelf.spec.scoring)"
            + " && has(self.spec.storage) == has(oldSelf.spec.storage)"
            + " && (!has(self.spec.storage) || self.spec.storage == oldSelf.spec.storage)"
            + " && has(self.spec.env) == has(oldSelf.spec.env)"
            + " && (!has(self.spec.env) || self.spec.env == oldSelf.spec.env)"
            + " && has(self.spec.hubTokenSecretRef) == has(oldSelf.spec.hubTokenSecretRef)"
            + " && (!has(self.spec.hubTokenSecretRef) || self.spec.hubTokenSecretRef == oldSelf.spec.hubTokenSecretRef))",
    message =
        "spec defines a run that has started: to start a new run with these changes, change"
            + " spec.runID too (runtimeRef, models, datasets, accelerator, split, smokeTest,"
            + " scoring, storage, env and hubTokenSecretRef belong to the run)")
public class EvalJob extends CustomResource<EvalJobSpec, EvalJobStatus> implements Namespaced {}

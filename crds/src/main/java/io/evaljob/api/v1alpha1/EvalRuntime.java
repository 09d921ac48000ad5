package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.evaljob.api.schema.Column;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * How models are evaluated and what authors may ask for: the half of the API that belongs to the
 * administrator of a cluster.
 */
@JsonClassDescription(
    "How models are evaluated and what authors may ask for: the h"
        + "alf of the API that belongs to the administrator of a cluster.")
@JsonIgnoreProperties(ignoreUnknown = true)
@Group("evaljob.io")
@Version("v1alpha1")
@Plural("evalruntimes")
@Singular("evalruntime")
@ShortNames("er")
@Column(name = "Harness", path = ".spec.harness", description = "What evaluates.")
@Column(
    name = "Ready",
    path = ".status.conditions[?(@.type=='Ready')].status",
    description = "Whether the runtime passed all checks.")
@Column(
    name = "Age",
    path = ".metadata.creationTimestamp",
    type = "date",
    description = "Time since the runtime was made.")
@Column(name = "Image", path = ".spec.image", wide = true, description = "Container image.")
public class EvalRuntime extends CustomResource<EvalRuntimeSpec, EvalRuntimeStatus> {}

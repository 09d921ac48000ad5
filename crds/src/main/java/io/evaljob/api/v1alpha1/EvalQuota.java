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
 * How many devices the EvalJobs of some namespaces may hold together; what is beyond it waits in
 * one queue. Written by the administrator of a cluster.
 */
@JsonClassDescription(
    "How many devices the EvalJobs of some namespaces may hold together; what is beyond it waits "
        + "in one queue. Written by the administrator of a cluster.")
@JsonIgnoreProperties(ignoreUnknown = true)
@Group("evaljob.io")
@Version("v1alpha1")
@Plural("evalquotas")
@Singular("evalquota")
@ShortNames("evq")
@Column(
    name = "Used",
    path = ".status.summary.used",
    description = "Devices charged to the quota, in the order of the resource names.")
@Column(
    name = "Queued",
    path = ".status.summary.queued",
    description = "Devices that waiting models need.")
@Column(name = "Limit", path = ".status.summary.limit", description = "Devices of spec.hard.")
@Column(
    name = "Ready",
    path = ".status.conditions[?(@.type=='Ready')].status",
    description = "Whether the quota admits in every namespace that it selects.")
@Column(
    name = "Age",
    path = ".metadata.creationTimestamp",
    type = "date",
    description = "Time since the quota was made.")
@Column(
    name = "Resources",
    path = ".status.summary.resources",
    wide = true,
    description = "The resource names that the figures are for.")
@Column(
    name = "Waiting",
    path = ".status.summary.waiting",
    type = "integer",
    wide = true,
    description = "Models in the queue.")
public class EvalQuota extends CustomResource<EvalQuotaSpec, EvalQuotaStatus> {}

package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.evaljob.api.schema.Column;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/** Facts about a model that plans are made from; it grants nothing and has no status. */
@JsonClassDescription(
    "Facts about a model that plans are made from; it grants noth" + "ing and has no status.")
@JsonIgnoreProperties(ignoreUnknown = true)
@Group("evaljob.io")
@Version("v1alpha1")
@Plural("modelprofiles")
@Singular("modelprofile")
@ShortNames("mp")
@Column(
    name = "Entry",
    path = ".spec.catalogEntries[0]",
    description = "First catalogue entry that the facts hold for.")
@Column(
    name = "Age",
    path = ".metadata.creationTimestamp",
    type = "date",
    description = "Time since the profile was made.")
@Column(
    name = "Entries",
    path = ".spec.catalogEntries",
    wide = true,
    description = "All catalogue entries that the facts hold for.")
public class ModelProfile extends CustomResource<ModelProfileSpec, Void> implements Namespaced {}

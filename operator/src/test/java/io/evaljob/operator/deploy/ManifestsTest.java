package io.evaljob.operator.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.config.Option;
import io.evaljob.operator.schema.ManifestReader;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentSpec;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetSpec;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code kubectl apply -k deploy} installs, held to the code and to its own promises. */
class ManifestsTest {
  private static final Path DEPLOY = Path.of("../deploy");
  private static final OperatorConfig DEFAULTS = OperatorConfig.defaults();

  private static List<HasMetadata> all() {
    List<HasMetadata> objects = new ArrayList<>();
    for (String file : resources()) {
      if (!file.startsWith("../")) {
        objects.addAll(read(DEPLOY.resolve(file)));
      }
    }
    return objects;
  }

  private static List<String> resources() {
    List<String> names = new ArrayList<>();
    Serialization.unmarshal(text(DEPLOY.resolve("kustomization.yaml")), JsonNode.class)
        .get("resources")
        .forEach(name -> names.add(name.asText()));
    return names;
  }

  private static List<HasMetadata> read(Path file) {
    return Stream.of(text(file).split("\n---\n", -1))
        .map(document -> (HasMetadata) Serialization.unmarshal(document, KubernetesResource.class))
        .toList();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static <T extends HasMetadata> T only(Class<T> type) {
    List<T> found = all().stream().filter(type::isInstance).map(type::cast).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  private static PodSpec pod() {
    return only(Deployment.class).getSpec().getTemplate().getSpec();
  }

  private static Container container() {
    assertThat(pod().getContainers()).hasSize(1);
    return pod().getContainers().get(0);
  }

  /** One list of packages, tried with the quickstart, that the shipped runtime only adds to. */
  @Test
  void theRuntimeOfRealModelsInstallsAllThatTheQuickstartDoes() {
    List<String> quickstart = requirements(DEPLOY.resolve("examples/quickstart.yaml"));
    List<String> runtime = requirements(DEPLOY.resolve("runtimes/vlmevalkit-2026-04.yaml"));

    assertThat(quickstart).contains("ms-vlmeval==0.0.20");
    assertThat(runtime).containsAll(quickstart);
  }

  private static List<String> requirements(Path file) {
    return ManifestReader.read(file).documents().stream()
        .filter(manifest -> manifest.kind().equals("EvalRuntime"))
        .flatMap(
            manifest ->
                StreamSupport.stream(
                    manifest.object().at("/spec/local/requirements").spliterator(), false))
        .map(JsonNode::asText)
        .toList();
  }

  @Test
  void theKustomizationListsEveryFileAndTheDefinitions() throws Exception {
    try (Stream<Path> files = Files.list(DEPLOY)) {
      Set<String> there =
          new TreeSet<>(
              files
                  .map(file -> file.getFileName().toString())
                  .filter(name -> name.matches("[0-9]+-.*\\.yaml"))
                  .toList());
      there.add("../crds");
      assertThat(resources()).containsExactlyInAnyOrderElementsOf(there);
    }
    assertThat(Path.of("../crds/kustomization.yaml")).exists();
  }

  @Test
  void thePodPassesTheRestrictedProfile() {
    PodSpec pod = pod();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getSecurityContext().getRunAsUser()).isPositive();
    assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
    assertThat(pod.getHostNetwork()).isNull();
    assertThat(pod.getHostPID()).isNull();
    assertThat(pod.getVolumes()).allSatisfy(volume -> assertThat(volume.getHostPath()).isNull());
    assertThat(container().getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    assertThat(container().getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(container().getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(only(Namespace.class).getMetadata().getLabels())
        .containsEntry("pod-security.kubernetes.io/enforce", "restricted");
  }

  @Test
  void whatItNeedsIsThereAndWhyItEndedIsShown() {
    assertThat(container().getTerminationMessagePolicy()).isEqualTo("FallbackToLogsOnError");
    assertThat(container().getResources().getRequests()).containsKeys("cpu", "memory");
    assertThat(container().getResources().getLimits().get("memory"))
        .isEqualTo(container().getResources().getRequests().get("memory"));
  }

  @Test
  void portsAndProbesAreThoseOfTheCode() {
    Map<String, Integer> ports = new java.util.TreeMap<>();
    container().getPorts().forEach(port -> ports.put(port.getName(), port.getContainerPort()));
    assertThat(ports)
        .containsEntry("report", DEFAULTS.reportPort())
        .containsEntry("health", DEFAULTS.healthPort());
    assertThat(
            List.of(
                container().getStartupProbe(),
                container().getLivenessProbe(),
                container().getReadinessProbe()))
        .extracting(probe -> probe.getHttpGet().getPath())
        .containsExactly("/livez", "/livez", "/readyz");
    assertThat(container().getReadinessProbe().getHttpGet().getPort())
        .isEqualTo(new IntOrString("health"));
  }

  @Test
  void aSecondReplicaStandsByWheneverTheFirstIsStopped() {
    DeploymentSpec spec = only(Deployment.class).getSpec();
    assertThat(spec.getReplicas()).isEqualTo(2);
    assertThat(spec.getStrategy().getType()).isEqualTo("RollingUpdate");
    assertThat(spec.getStrategy().getRollingUpdate().getMaxUnavailable())
        .as("the next leader is ready before the present one is stopped")
        .isEqualTo(new IntOrString(0));
    PodDisruptionBudgetSpec budget = only(PodDisruptionBudget.class).getSpec();
    assertThat(budget.getMaxUnavailable()).isEqualTo(new IntOrString(1));
    assertThat(budget.getSelector()).isEqualTo(spec.getSelector());
    assertThat(pod().getTopologySpreadConstraints())
        .singleElement()
        .satisfies(
            apart -> {
              assertThat(apart.getWhenUnsatisfiable()).isEqualTo("ScheduleAnyway");
              assertThat(apart.getLabelSelector()).isEqualTo(spec.getSelector());
            });
    assertThat(container().getEnv())
        .filteredOn(variable -> variable.getName().equals(Option.REPLICA_NAME.variable()))
        .singleElement()
        .satisfies(
            variable ->
                assertThat(variable.getValueFrom().getFieldRef().getFieldPath())
                    .isEqualTo("metadata.name"));
  }

  @Test
  void podsReachTheReportEndpointAtTheAddressTheyAreGiven() {
    Service service = only(Service.class);
    assertThat(service.getMetadata().getName()).isEqualTo(OperatorConfig.SERVICE_NAME);
    assertThat(service.getMetadata().getNamespace()).isEqualTo(DEFAULTS.namespace());
    assertThat(service.getSpec().getPorts())
        .singleElement()
        .satisfies(
            port -> {
              assertThat(port.getPort()).isEqualTo(DEFAULTS.reportUrl().getPort());
              assertThat(port.getTargetPort()).isEqualTo(new IntOrString("report"));
            });
    Map<String, String> labels =
        only(Deployment.class).getSpec().getTemplate().getMetadata().getLabels();
    assertThat(labels).containsAllEntriesOf(service.getSpec().getSelector());
    assertThat(labels)
        .containsAllEntriesOf(only(Deployment.class).getSpec().getSelector().getMatchLabels());
  }

  @Test
  void theEnvironmentIsThatOfTheOptions() {
    assertThat(container().getArgs()).containsExactly("operator");
    assertThat(container().getEnv())
        .extracting(EnvVar::getName)
        .isSubsetOf(Arrays.stream(Option.values()).map(Option::variable).toList());
    assertThat(pod().getEnableServiceLinks()).isFalse();
  }

  @Test
  void everythingIsInOneNamespaceAndBoundToOneAccount() {
    ServiceAccount account = only(ServiceAccount.class);
    assertThat(pod().getServiceAccountName()).isEqualTo(account.getMetadata().getName());
    assertThat(all())
        .filteredOn(object -> object.getMetadata().getNamespace() != null)
        .allSatisfy(
            object ->
                assertThat(object.getMetadata().getNamespace()).isEqualTo(DEFAULTS.namespace()));
    List<io.fabric8.kubernetes.api.model.rbac.Subject> subjects = new ArrayList<>();
    for (HasMetadata object : all()) {
      if (object instanceof ClusterRoleBinding binding) {
        subjects.addAll(binding.getSubjects());
      } else if (object instanceof RoleBinding binding) {
        subjects.addAll(binding.getSubjects());
      }
    }
    assertThat(subjects)
        .hasSize(3)
        .allSatisfy(
            subject -> {
              assertThat(subject.getName()).isEqualTo(account.getMetadata().getName());
              assertThat(subject.getNamespace()).isEqualTo(account.getMetadata().getNamespace());
            });
  }

  private static Stream<Path> roleFiles() {
    return resources().stream().filter(file -> file.contains("role")).map(DEPLOY::resolve);
  }

  @ParameterizedTest
  @MethodSource("roleFiles")
  void everyRuleSaysWhatItIsFor(Path file) {
    List<String> lines = text(file).lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("- apiGroups:")) {
        assertThat(lines.get(i - 1)).as("%s, line %d", file, i + 1).startsWith("# ");
      }
    }
  }

  @Test
  void noRightIsWiderThanItsReason() {
    List<PolicyRule> rules = new ArrayList<>();
    for (HasMetadata object : all()) {
      if (object instanceof ClusterRole role
          && role.getMetadata().getName().startsWith("evaljob-operator")) {
        rules.addAll(role.getRules());
      } else if (object instanceof Role role) {
        rules.addAll(role.getRules());
      }
    }
    assertThat(rules)
        .allSatisfy(
            rule -> {
              assertThat(rule.getApiGroups()).doesNotContain("*");
              assertThat(rule.getResources()).hasSize(1).doesNotContain("*");
              assertThat(rule.getVerbs())
                  .doesNotContain("*", "escalate", "bind", "impersonate", "deletecollection");
            });
    assertThat(rules)
        .filteredOn(rule -> rule.getResources().contains("secrets"))
        .as("Secrets are read by name, in the operator's namespace only")
        .allSatisfy(
            rule ->
                assertThat(rule.getVerbs().equals(List.of("create")))
                    .isNotEqualTo(rule.getResourceNames().equals(List.of("evaljob-report-ca"))));
    assertThat(all())
        .filteredOn(ClusterRole.class::isInstance)
        .allSatisfy(
            role ->
                assertThat(((ClusterRole) role).getRules())
                    .noneMatch(rule -> rule.getResources().contains("secrets")));
  }
}

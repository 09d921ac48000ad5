package io.evaljob.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Instant;

/** The layers of the operator, as CONTRIBUTING.md describes them. */
@AnalyzeClasses(
    packages = "io.evaljob.operator",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "io.evaljob.operator.";
  private static final String[] CLIENT_PACKAGES = {
    ROOT + "reconcile..", ROOT + "report..", ROOT + "leader..", ROOT + "sandbox..", ROOT + "cli.."
  };
  private static final String[] EDGE_PACKAGES = {
    ROOT + "config..", ROOT + "cli..", ROOT + "sandbox.."
  };

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching(ROOT + "(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule planIsPure =
      classes()
          .that()
          .resideInAPackage(ROOT + "plan..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", ROOT + "plan..");

  @ArchTest
  static final ArchRule quotaIsPure =
      classes()
          .that()
          .resideInAPackage(ROOT + "quota..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", ROOT + "quota..");

  @ArchTest
  static final ArchRule configKnowsNothing =
      classes()
          .that()
          .resideInAPackage(ROOT + "config..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", ROOT + "config..");

  @ArchTest static final ArchRule validateLayer = mayUse("validate", "plan", "schema");
  @ArchTest static final ArchRule schemaLayer = mayUse("schema");
  @ArchTest static final ArchRule profileLayer = mayUse("profile");

  @ArchTest
  static final ArchRule resourcesLayer = mayUse("resources", "plan", "config", "validate");

  @ArchTest static final ArchRule observeLayer = mayUse("observe", "plan", "resources");

  @ArchTest
  static final ArchRule statusLayer = mayUse("status", "plan", "observe", "resources", "validate");

  @ArchTest
  static final ArchRule lifecycleLayer =
      mayUse("lifecycle", "plan", "quota", "validate", "resources", "observe", "status", "config");

  @ArchTest static final ArchRule leaderLayer = mayUse("leader");
  @ArchTest static final ArchRule reportLayer = mayUse("report", "config", "observe");

  @ArchTest
  static final ArchRule onlyTheEdgesTalkToTheApiServer =
      noClasses()
          .that()
          .resideOutsideOfPackages(CLIENT_PACKAGES)
          .should()
          .dependOnClassesThat(
              DescribedPredicate.or(
                  JavaClass.Predicates.assignableTo(KubernetesClient.class),
                  JavaClass.Predicates.resideInAnyPackage(
                      "io.javaoperatorsdk..", "io.fabric8.kubernetes.client.dsl..")));

  @ArchTest
  static final ArchRule onlyTheEdgesReadTheEnvironmentAndTheTime =
      noClasses()
          .that()
          .resideOutsideOfPackages(EDGE_PACKAGES)
          .should()
          .callMethod(System.class, "getenv")
          .orShould()
          .callMethod(System.class, "getenv", String.class)
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(Instant.class, "now")
          .orShould()
          .callMethod(Thread.class, "sleep", long.class)
          .orShould()
          .callMethod(Thread.class, "sleep", long.class, int.class);

  @ArchTest
  static final ArchRule namesSayWhatAClassIs =
      noClasses()
          .should()
          .haveNameMatching(".*(Utils|Util|Helper|Manager)")
          .because("a name says what a class is responsible for");

  private static ArchRule mayUse(String layer, String... others) {
    String[] allowed = new String[others.length + 1];
    allowed[0] = ROOT + layer + "..";
    for (int i = 0; i < others.length; i++) {
      allowed[i + 1] = ROOT + others[i] + "..";
    }
    return noClasses()
        .that()
        .resideInAPackage(ROOT + layer + "..")
        .should()
        .dependOnClassesThat(
            JavaClass.Predicates.resideInAPackage("io.evaljob.operator..")
                .and(DescribedPredicate.not(JavaClass.Predicates.resideInAnyPackage(allowed))))
        .as(layer + " uses only " + String.join(", ", allowed))
        .allowEmptyShould(true);
  }
}

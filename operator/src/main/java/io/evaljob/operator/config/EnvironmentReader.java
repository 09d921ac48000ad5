package io.evaljob.operator.config;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Turns environment variables into settings and collects every problem on the way. */
final class EnvironmentReader {
  private static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
  private static final Pattern REPLICA = Pattern.compile("[!-~]{1,200}");
  private static final Pattern ADDRESS =
      Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
  private static final String PREFIX = "EVALJOB_";

  /** Variables of the launcher, and those that our own Service brings. */
  private static final Pattern NOT_OURS =
      Pattern.compile("EVALJOB_OPERATOR_.*|EVALJOB_JAVA_OPTS|EVALJOB_CACHE_DIR");

  private final Map<String, String> environment;
  private final List<String> problems = new ArrayList<>();

  EnvironmentReader(Map<String, String> environment) {
    this.environment = environment;
  }

  OperatorConfig read() {
    refuseUnknown();
    String namespace = namespace();
    SortedSet<String> watched = watchNamespaces();
    String replica = replicaName();
    int lease = number(Option.LEASE_SECONDS, 3, 300);
    int threads = number(Option.RECONCILE_THREADS, 1, 256);
    int progress = number(Option.PROGRESS_SECONDS, 1, 3600);
    Optional<InetAddress> address = listenAddress();
    int reportPort = number(Option.REPORT_PORT, 1, 65535);
    URI url = reportUrl(namespace);
    Optional<CertificateFiles> certificate = certificate();
    int store = number(Option.REPORT_STORE_SECONDS, 1, 120);
    int healthPort = number(Option.HEALTH_PORT, 1, 65535);
    if (healthPort == reportPort) {
      problem(
          Option.HEALTH_PORT,
          Integer.toString(healthPort),
          "is the report port too",
          "set another port");
    }
    LogLevel level = logLevel();
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return new OperatorConfig(
        namespace,
        watched,
        replica,
        Duration.ofSeconds(lease),
        threads,
        Duration.ofSeconds(progress),
        address,
        reportPort,
        url,
        certificate,
        Duration.ofSeconds(store),
        healthPort,
        level);
  }

  private void refuseUnknown() {
    Set<String> known =
        Arrays.stream(Option.values()).map(Option::variable).collect(Collectors.toSet());
    for (String name : new TreeSet<>(environment.keySet())) {
      if (name.startsWith(PREFIX) && !known.contains(name) && !NOT_OURS.matcher(name).matches()) {
        problems.add(
            name
                + ": is not a variable of the operator; remove it, or correct its name to one of "
                + String.join(", ", new TreeSet<>(known)));
      }
    }
  }

  private String namespace() {
    String value = value(Option.NAMESPACE).orElse(Option.NAMESPACE.defaultValue());
    if (!DNS_LABEL.matcher(value).matches()) {
      problem(Option.NAMESPACE, value, "is not a namespace name", "set the operator's namespace");
    }
    return value;
  }

  private SortedSet<String> watchNamespaces() {
    SortedSet<String> names = new TreeSet<>();
    for (String part : value(Option.WATCH_NAMESPACES).orElse("").split(",", -1)) {
      String name = part.strip();
      if (name.isEmpty()) {
        continue;
      }
      if (!DNS_LABEL.matcher(name).matches()) {
        problem(
            Option.WATCH_NAMESPACES,
            name,
            "is not a namespace name",
            "list namespace names separated by commas, or leave it out for all namespaces");
      }
      names.add(name);
    }
    return names;
  }

  private String replicaName() {
    Optional<String> given = value(Option.REPLICA_NAME);
    if (given.isPresent() && !REPLICA.matcher(given.get()).matches()) {
      problem(
          Option.REPLICA_NAME,
          given.get(),
          "is not a name of " + Option.REPLICA_NAME.accepted(),
          "set the pod's name");
    }
    return given
        .or(() -> Optional.ofNullable(environment.get("HOSTNAME")))
        .filter(name -> REPLICA.matcher(name).matches())
        .orElse("operator");
  }

  private Optional<InetAddress> listenAddress() {
    Optional<String> text = value(Option.LISTEN_ADDRESS);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    // Only what looks like an address is given to a method that would ask DNS for a name.
    if (ADDRESS.matcher(text.get()).matches()) {
      try {
        return Optional.of(InetAddress.getByName(text.get()));
      } catch (UnknownHostException ignored) {
        // Reported below with the names.
      }
    }
    problem(
        Option.LISTEN_ADDRESS,
        text.get(),
        "is not an IP address",
        "set one of this machine, such as 127.0.0.1 or ::1, or leave it out for all");
    return Optional.empty();
  }

  private URI reportUrl(String namespace) {
    String fallback = "https://" + OperatorConfig.SERVICE_NAME + "." + namespace + ".svc:8443";
    Optional<String> given = value(Option.REPORT_URL);
    if (given.isEmpty()) {
      return DNS_LABEL.matcher(namespace).matches()
          ? URI.create(fallback)
          : URI.create("https://invalid");
    }
    String text = given.get();
    try {
      URI url = new URI(text);
      boolean bare =
          (url.getRawPath() == null || url.getRawPath().isEmpty() || url.getRawPath().equals("/"))
              && url.getRawQuery() == null
              && url.getRawFragment() == null
              && url.getRawUserInfo() == null;
      if ("https".equals(url.getScheme()) && url.getHost() != null && bare) {
        return text.endsWith("/") ? new URI(text.substring(0, text.length() - 1)) : url;
      }
    } catch (URISyntaxException ignored) {
      // Reported below with the other shapes that are not usable.
    }
    problem(
        Option.REPORT_URL,
        text,
        "is not an https URL of host and port alone",
        "write it like " + fallback + ", or leave it out");
    return URI.create("https://invalid");
  }

  private Optional<CertificateFiles> certificate() {
    List<Option> all =
        List.of(Option.REPORT_CERT_FILE, Option.REPORT_KEY_FILE, Option.REPORT_CA_FILE);
    List<Option> set = all.stream().filter(option -> value(option).isPresent()).toList();
    if (set.isEmpty()) {
      return Optional.empty();
    }
    for (Option option : all) {
      Optional<String> value = value(option);
      if (value.isEmpty()) {
        problems.add(
            option.variable()
                + ": is not set although "
                + set.get(0).variable()
                + " is; set all three certificate files, or none");
      } else if (!Files.isReadable(Path.of(value.get()))) {
        problem(
            option, value.get(), "is not a readable file", "mount the file, or correct the path");
      }
    }
    if (set.size() < all.size()) {
      return Optional.empty();
    }
    return Optional.of(
        new CertificateFiles(
            Path.of(environment.get(Option.REPORT_CERT_FILE.variable()).strip()),
            Path.of(environment.get(Option.REPORT_KEY_FILE.variable()).strip()),
            Path.of(environment.get(Option.REPORT_CA_FILE.variable()).strip())));
  }

  private LogLevel logLevel() {
    String text = value(Option.LOG_LEVEL).orElse(Option.LOG_LEVEL.defaultValue());
    try {
      return LogLevel.valueOf(text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      problem(Option.LOG_LEVEL, text, "is not a log level", "set " + Option.LOG_LEVEL.accepted());
      return LogLevel.INFO;
    }
  }

  private int number(Option option, int least, int most) {
    String text = value(option).orElse(option.defaultValue());
    try {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException ignored) {
      // Reported below, like a number out of range.
    }
    problem(
        option,
        text,
        "is not a whole number from " + least + " to " + most,
        "set one in that range, or leave it out for " + option.defaultValue());
    return Integer.parseInt(option.defaultValue());
  }

  private Optional<String> value(Option option) {
    return Optional.ofNullable(environment.get(option.variable()))
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  private void problem(Option option, String value, String reason, String remedy) {
    problems.add(option.variable() + ": " + value + " " + reason + "; " + remedy);
  }
}

package io.evaljob.operator.config;

import java.nio.file.Path;

/**
 * A certificate given for the report endpoint instead of one that the operator makes.
 *
 * @param certificate PEM chain, the endpoint's own certificate first
 * @param key PEM private key (PKCS#8) of the first certificate
 * @param authorities PEM certificates that pods trust when they report
 */
public record CertificateFiles(Path certificate, Path key, Path authorities) {}

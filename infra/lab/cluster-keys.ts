import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Whom a certificate names, in Kubernetes' terms. */
export interface Subject {
  /** Common name: the user. */
  readonly user: string;
  /** Organization: the group. */
  readonly group?: string;
  /** Present for a server: the addresses and names that clients use. */
  readonly serves?: { readonly ips: readonly string[]; readonly names: readonly string[] };
}

/** Signs certificates for one lab. */
export interface ClusterAuthority {
  readonly certificate: string;
  /** PEM of its own key (PKCS 8), with which openClusterAuthority continues in another process. */
  readonly key: string;
  issue(subject: Subject): Promise<KeyPair>;
}

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { ...CURVE, hash: "SHA-256" } as const;

/** A lab lives for a day or a month; its keys are made anew at each start. */
const VALID_MS = 365 * 24 * 3_600_000;

/** Clocks of one machine agree; the minute is for certificates used in the second in which they are made. */
const BACKDATE_MS = 60_000;

/** Makes the authority that API server, kubelets and clients trust. */
export async function createClusterAuthority(): Promise<ClusterAuthority> {
  useWebCrypto();
  const keys = await generate();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=acns-hostrouting-lab",
    keys,
    ...validity(),
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authorityOf({ certificate, key: keys.privateKey }, await keyPem(keys.privateKey));
}

/** The authority again, from what createClusterAuthority gave. Throws when the texts are not such a pair. */
export async function openClusterAuthority(pair: KeyPair): Promise<ClusterAuthority> {
  useWebCrypto();
  const key = await webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pair.key), CURVE, true, ["sign"]);
  return authorityOf({ certificate: new x509.X509Certificate(pair.certificate), key }, pair.key);
}

function authorityOf(issuer: Issuer, key: string): ClusterAuthority {
  return { certificate: issuer.certificate.toString("pem"), key, issue: (subject) => issue(issuer, subject) };
}

function useWebCrypto(): void {
  x509.cryptoProvider.set(webcrypto);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

/** A key pair for service account tokens: PEM of the private key (PKCS 8) and of the public one (SPKI). */
export async function createTokenKeys(): Promise<{ privateKey: string; publicKey: string }> {
  const keys = await generate();
  const publicKey = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  return { privateKey: await keyPem(keys.privateKey), publicKey: x509.PemConverter.encode(publicKey, "PUBLIC KEY") };
}

interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

async function issue(issuer: Issuer, subject: Subject): Promise<KeyPair> {
  const keys = await generate();
  const usage = subject.serves ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [subject.user] }, ...(subject.group ? [{ O: [subject.group] }] : [])],
    issuer: issuer.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    signingAlgorithm: SIGNING,
    ...validity(),
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(subject.serves ? [new x509.SubjectAlternativeNameExtension(alternativeNames(subject.serves))] : []),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await keyPem(keys.privateKey) };
}

function alternativeNames(serves: NonNullable<Subject["serves"]>): x509.JsonGeneralNames {
  return [
    ...serves.ips.map((value) => ({ type: "ip" as const, value })),
    ...serves.names.map((value) => ({ type: "dns" as const, value })),
  ];
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + VALID_MS) };
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
}

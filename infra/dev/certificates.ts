import "reflect-metadata";
import { X509Certificate as NodeCertificate, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { writePrivateFile } from "./private-file.ts";

/** PEM files of the development CA and of the control plane's certificate. */
export type CertificateFiles = { readonly caFile: string; readonly certFile: string; readonly keyFile: string };

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
/** The CA outlives what it signs; clients refuse server certificates of more than 398 days (CA/Browser Forum BR 6.3.2). */
const CA_DAYS = 3_650;
const LEAF_DAYS = 397;
/** A leaf that ends sooner than this is made anew at a start. */
const LEAF_LEFT_DAYS = 30;

/** The CA and a certificate for localhost, 127.0.0.1 and ::1: made once, kept, and the leaf made anew before it ends. Keys are 0600. */
export async function ensureCertificates(folder: string): Promise<CertificateFiles> {
  const at = (name: string): string => path.join(folder, name);
  const files = { caFile: at("ca.crt"), certFile: at("localhost.crt"), keyFile: at("localhost.key") };
  const caKeyFile = at("ca.key");
  if (!existsSync(files.caFile) || !existsSync(caKeyFile)) await makeCa(files.caFile, caKeyFile);
  if (!leafIsGood(files)) await makeLeaf(files, caKeyFile);
  return files;
}

function leafIsGood(files: CertificateFiles): boolean {
  if (!existsSync(files.certFile) || !existsSync(files.keyFile)) return false;
  const leaf = new NodeCertificate(readFileSync(files.certFile));
  return (
    leaf.checkIssued(new NodeCertificate(readFileSync(files.caFile))) && Date.parse(leaf.validTo) > Date.now() + LEAF_LEFT_DAYS * DAY_MS
  );
}

async function makeCa(file: string, keyFile: string): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: "CN=ACNS Host Routing development CA",
    ...validity(CA_DAYS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writePrivateFile(keyFile, await pem(keys.privateKey));
  writePrivateFile(file, `${certificate.toString("pem")}\n`);
}

async function makeLeaf(files: CertificateFiles, caKeyFile: string): Promise<void> {
  const ca = new X509Certificate(readFileSync(files.caFile, "utf8"));
  const caKey = await webcrypto.subtle.importKey("pkcs8", fromPem(readFileSync(caKeyFile, "utf8")), ALGORITHM, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: "CN=localhost",
    issuer: ca.subject,
    ...validity(LEAF_DAYS),
    publicKey: keys.publicKey,
    signingKey: caKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  writePrivateFile(files.keyFile, await pem(keys.privateKey));
  writePrivateFile(files.certFile, `${certificate.toString("pem")}\n`);
}

/** From an hour ago, for clocks that differ. */
function validity(days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + days * DAY_MS) };
}

/** 16 random bytes, positive (RFC 5280, 4.1.2.2). */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const body = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${body.match(/.{1,64}/g)?.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

function fromPem(text: string): Buffer {
  return Buffer.from(text.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
}

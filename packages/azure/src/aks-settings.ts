import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { AppError } from "@hostrouting/domain";

/**
 * As whom Azure is asked: `Default` is what `DefaultAzureCredential` finds (a workload identity, a managed identity, what az signed in as); `ClientSecret` a
 * client whose secret is in a file of its own.
 */
export type AksCredential =
  | { readonly kind: "Default" }
  | { readonly kind: "ClientSecret"; readonly tenantId: string; readonly clientId: string; readonly secretFile: string };

/** How a cluster that AKS manages is reached: the file that a cluster's `accessReference` names. It holds no secret itself. */
export type AksSettings = {
  /** `/subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}`. */
  readonly resourceId: string;
  readonly credential: AksCredential;
  /** Base URL of Azure Resource Manager, without a slash at the end. */
  readonly arm: string;
  /** Base URL of the authority, where it is not the public one. */
  readonly authority?: string | undefined;
  /** PEM file of the CA that vouches for both; absent when a public one does. */
  readonly caFile?: string | undefined;
  /** Kubeconfig of the cluster's own API server, of the rights that a rollout needs. */
  readonly kubeconfigFile: string;
};

const PUBLIC_ARM = "https://management.azure.com";
/** Larger than anything that is one of these. */
const BYTES_MAX = 64 * 1024;
const RESOURCE_ID =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerService\/managedClusters\/[^/]+$/i;
const MEMBERS: ReadonlySet<string> = new Set(["resourceId", "credential", "arm", "authority", "caFile", "kubeconfigFile"]);

type Json = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isHttps = (value: unknown): boolean => isText(value) && URL.canParse(value) && new URL(value).protocol === "https:";
const isFile = (value: unknown): boolean => isText(value) && path.isAbsolute(value);

function whatIsWrongWithCredential(credential: unknown): readonly string[] {
  const { kind, ...rest } = (typeof credential === "object" && credential !== null ? credential : {}) as Json;
  if (kind === "Default") return Object.keys(rest).length === 0 ? [] : ["credential of kind Default takes nothing else"];
  if (kind !== "ClientSecret") return ["credential.kind must be Default or ClientSecret"];
  return [
    ...(isText(rest["tenantId"]) ? [] : ["credential.tenantId is missing"]),
    ...(isText(rest["clientId"]) ? [] : ["credential.clientId is missing"]),
    ...(isFile(rest["secretFile"]) ? [] : ["credential.secretFile must be an absolute path"]),
    ...("secret" in rest || "clientSecret" in rest ? ["the secret belongs into the file that credential.secretFile names"] : []),
  ];
}

/** Everything that is wrong with the content of a settings file; empty when nothing is. Pure. */
export function whatIsWrongWithAksSettings(given: unknown): readonly string[] {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return ["it must be a JSON object"];
  const settings = given as Json;
  const optional = (name: string, holds: (value: unknown) => boolean, what: string): readonly string[] =>
    settings[name] === undefined || holds(settings[name]) ? [] : [`${name} must be ${what}`];
  return [
    ...Object.keys(settings)
      .filter((name) => !MEMBERS.has(name))
      .map((name) => `${name} is not known`),
    ...(isText(settings["resourceId"]) && RESOURCE_ID.test(settings["resourceId"])
      ? []
      : ["resourceId must be the id of a managed cluster (/subscriptions/…/managedClusters/…)"]),
    ...whatIsWrongWithCredential(settings["credential"]),
    ...optional("arm", isHttps, "an https URL"),
    ...optional("authority", isHttps, "an https URL"),
    ...optional("caFile", isFile, "an absolute path"),
    ...(isFile(settings["kubeconfigFile"]) ? [] : ["kubeconfigFile must be an absolute path"]),
  ];
}

function parsed(file: string): unknown {
  try {
    const { size } = statSync(file);
    if (size > BYTES_MAX) throw new Error(`it has ${size} bytes and not at most ${BYTES_MAX}`);
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new AppError("azure.settings-refused", {
      say: `The Azure settings ${file} cannot be read`,
      do: "Give the worker a JSON file as docs/aks.md describes it.",
      cause,
    });
  }
}

/** Reads and checks a settings file. @throws AppError `azure.settings-refused` naming everything that is wrong */
export function readAksSettings(file: string): AksSettings {
  const given = parsed(file);
  const wrong = whatIsWrongWithAksSettings(given);
  if (wrong.length > 0)
    throw new AppError("azure.settings-refused", {
      say: `The Azure settings ${file} are not as they must be: ${wrong.join("; ")}`,
      do: "Mend the file as docs/aks.md describes it.",
    });
  const settings = given as Omit<AksSettings, "arm"> & { readonly arm?: string };
  return { ...settings, arm: (settings.arm ?? PUBLIC_ARM).replace(/\/+$/, "") };
}

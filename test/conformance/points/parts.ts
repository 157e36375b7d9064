import type { Ask, Check, Expect, Json, Matcher, Step } from "../point.ts";

/** Marks of what is compared otherwise than by being equal. */
export const absent: Matcher = { check: "absent" };
export const present: Matcher = { check: "present" };
export const saved = (name: string): Matcher => ({ check: "saved", name });
export const differs = (name: string): Matcher => ({ check: "differs", name });
export const matches = (pattern: RegExp): Matcher => ({ check: "matches", pattern });
export const atLeast = (value: number): Matcher => ({ check: "atLeast", value });
export const mentions = (...texts: readonly string[]): Matcher => ({ check: "mentions", texts });
export const hides = (...texts: readonly string[]): Matcher => ({ check: "hides", texts });

/** Where things stand in a managed cluster. */
export const STATE = "properties.provisioningState";
export const ACNS = "properties.networkProfile.advancedNetworking";
export const MODE = `${ACNS}.performance.accelerationMode`;
export const OPERATION_HEADER = "header:azure-asyncoperation";

/** A step that asks. */
export function ask(request: Ask, expect: Expect, save?: Readonly<Record<string, string>>): Step {
  return { step: "request", ask: request, expect, ...(save && { save }) };
}

/** GET of an address with the version that the run uses. */
export function get(url: string, expect: Expect, save?: Readonly<Record<string, string>>): Step {
  return ask({ url: `${url}?{V}` }, expect, save);
}

/** PUT of JSON. */
export function put(url: string, json: Json, expect: Expect): Step {
  return ask({ method: "PUT", url: `${url}?{V}`, json }, expect);
}

/** A step whose reply has values that later steps speak of. */
export function saving(step: Step, names: Readonly<Record<string, string>>): Step {
  return step.step === "request" ? { ...step, save: names } : step;
}

/** 200 with these members in the body. */
export function ok(body: Readonly<Record<string, Check>> = {}): Expect {
  return { status: 200, body };
}

/** A refusal. */
export function refused(status: number, code: string | readonly string[], body: Readonly<Record<string, Check>> = {}): Expect {
  return { status, code, body };
}

/** A body that sets `advancedNetworking` as a whole. */
export function acns(advancedNetworking: Json, more: Readonly<Record<string, Json>> = {}): Json {
  return { location: "{location}", ...more, properties: { networkProfile: { advancedNetworking } } };
}

/** Turns acceleration on, and nothing else. */
export const fast = acns({ enabled: true, performance: { accelerationMode: "BpfVeth" } });
/** Turns it off, and leaves the rest on. */
export const slow = acns({ enabled: true, performance: { accelerationMode: "None" } });

/** A cluster that can be made, with this mode from its beginning. */
export const wholeWith = (mode: "BpfVeth" | "None"): Json => ({
  location: "{location}",
  identity: { type: "SystemAssigned" },
  properties: {
    kubernetesVersion: "1.36",
    dnsPrefix: "conformance",
    agentPoolProfiles: [{ name: "system", mode: "System", count: 1, osType: "Linux", osSKU: "AzureLinux3", vmSize: "Standard_D2s_v5" }],
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      advancedNetworking: { enabled: true, performance: { accelerationMode: mode } },
    },
  },
});

/** A cluster that can be made, accelerated from its beginning. */
export const whole: Json = wholeWith("BpfVeth");

/** Begins an enablement of `{C}`, whose status URL is then `{$op}`. */
export const begun: Step = saving(put("{C}", fast, ok({ [STATE]: "Updating" })), { op: OPERATION_HEADER, etag: "eTag" });

/** The whole way of `{C}` to mode BpfVeth. */
export const enabled: readonly Step[] = [begun, { step: "worker", phase: "Succeeded" }, { step: "poll", url: "{$op}", until: "Succeeded" }];

import type { TestProcess } from "../../services/control-plane/src/testing/child-process.ts";

/** What a request asked for, in words that fit on a line; the first that fits counts. Ids and names of tests are cut out before. */
const SHAPES: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^\/metadata\/endpoints$/, "metadata"],
  [/^\/tenants$/, "tenants"],
  [/^\/subscriptions$/, "subscriptions"],
  [/^.*\/v2\.0\/\.well-known\/openid-configuration$/, "openid configuration"],
  [/^.*\/oauth2\/v2\.0\/(token|devicecode|authorize)$/, "$1"],
  [/^\/subscriptions\/[^/]+\/locations$/, "locations"],
  [/^\/subscriptions\/[^/]+\/providers\/microsoft\.containerservice$/, "provider"],
  [/^.*\/locations\/[^/]+\/(operations|operationresults)\/[^/]+$/, "$1"],
  [/^.*\/locations\/[^/]+\/(kubernetesversions)$/, "$1"],
  [/^\/subscriptions\/[^/]+\/providers\/microsoft\.containerservice\/managedclusters$/, "clusters"],
  [/^\/subscriptions\/[^/]+\/providers$/, "providers"],
  [/^\/subscriptions\/[^/]+\/providers\/microsoft\.containerservice\/register$/, "provider/register"],
  [/^.*\/providers\/microsoft\.features\/providers\/microsoft\.containerservice\/features$/, "features"],
  [/^.*\/providers\/microsoft\.features\/providers\/microsoft\.containerservice\/features\/[^/]+(\/\w+)?$/, "feature$1"],
  [/^\/v1\.0\/(?:directoryobjects|serviceprincipals)\b.*$/, "graph"],
  [/^\/subscriptions\/[^/]+\/operationresults\/[^/]+$/, "operationresults"],
  [/^.*\/providers\/microsoft\.authorization\/(\w+?)s\/[0-9a-f-]{36}$/, "$1"],
  [/^.*\/providers\/microsoft\.authorization\/(\w+)$/, "$1"],
  [/^.*\/providers\/microsoft\.authorization\/provideroperations\/[^/]+$/, "provideroperations/namespace"],
  [/^\/subscriptions\/[^/]+\/resources$/, "resources"],
  [/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/resources$/, "resources of the group"],
  [/^\/subscriptions\/[^/]+\/resourcegroups$/, "groups"],
  [/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+$/, "group"],
  [/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.containerservice\/managedclusters$/, "clusters of the group"],
  [/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.containerservice\/managedclusters\/[^/]+$/, "cluster"],
  [/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.containerservice\/managedclusters\/[^/]+\/(.+)$/, "cluster/$1"],
  [
    /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/(?:providers\/microsoft\.resources\/)?deployments\/[^/]+\/operationstatuses\/[^/]+$/,
    "deployment status",
  ],
  [/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.resources\/deployments\/?$/, "deployments"],
  [/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/(?:providers\/microsoft\.resources\/)?deployments\/[^/]+$/, "deployment"],
  [/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/(?:providers\/microsoft\.resources\/)?deployments\/[^/]+\/(\w+)$/, "deployment/$1"],
];

/** What reaches the control plane, read from its own log. */
export type RequestRecord = {
  /** Forgets what came so far. */
  begin(): void;
  /** What came since, in order: method, what, and the status unless it is 200. What is asked again and again until it is over stands once. */
  requests(): readonly string[];
};

function inWords(path: string): string {
  const plain = path.toLowerCase().replaceAll(/\/{2,}/g, "/");
  for (const [pattern, words] of SHAPES) if (pattern.test(plain)) return plain.replace(pattern, words);
  return plain;
}

/** Reads a control plane's log as it grows. */
export function recordRequests(controlPlane: TestProcess): RequestRecord {
  let from = 0;
  return {
    begin() {
      from = controlPlane.output().length;
    },
    requests() {
      const lines = controlPlane.output().slice(from).split("\n");
      const seen = lines.flatMap((line) => {
        if (!line.includes('"msg":"request"')) return [];
        const { method, path, status, within } = JSON.parse(line) as { method: string; path: string; status: number; within?: string };
        // What a deployment writes comes over no connection.
        if (within !== undefined) return [];
        return [`${method} ${inWords(path)}${status === 200 ? "" : ` ${status}`}`];
      });
      return seen.filter((one, index) => one !== seen[index - 1]);
    },
  };
}

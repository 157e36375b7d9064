import { randomUUID } from "node:crypto";

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
  begin(): Promise<void>;
  /** What came since, in order: method, what, and the status unless it is 200. What is asked again and again until it is over stands once. */
  requests(): Promise<readonly string[]>;
};

/** A control plane and its log. */
export type Recorded = {
  /** Follows the log from now on: what it answers reads all that was logged since. */
  readonly follow: () => () => string;
  /** GETs a path that leads nowhere. */
  readonly ask: (path: string) => Promise<unknown>;
};

const LOGGED_TIMEOUT_MS = 10_000;

function inWords(path: string): string {
  const plain = path.toLowerCase().replaceAll(/\/{2,}/g, "/");
  for (const [pattern, words] of SHAPES) if (pattern.test(plain)) return plain.replace(pattern, words);
  return plain;
}

/** A line of the log as a request; nothing where it is about something else, or came over no connection, as what a deployment writes. */
function requestOf(line: string): string[] {
  if (!line.includes('"msg":"request"')) return [];
  const { method, path, status, within } = JSON.parse(line) as { method: string; path: string; status: number; within?: string };
  return within === undefined ? [`${method} ${inWords(path)}${status === 200 ? "" : ` ${status}`}`] : [];
}

/**
 * Reads a control plane's log as it grows. A request is logged a moment after its reply has come, so that beginning and end are marked by
 * requests of our own: what was answered before one of them is logged before it.
 */
export function recordRequests({ follow, ask }: Recorded): RequestRecord {
  let since = follow();
  let begun = "";
  const mark = async (): Promise<string> => {
    const path = `/mark/${randomUUID()}`;
    const startedAt = performance.now();
    do {
      if (performance.now() - startedAt > LOGGED_TIMEOUT_MS)
        throw new Error(`Waited ${LOGGED_TIMEOUT_MS} ms in vain for ${path} in the log`);
      await ask(path);
      // With the end of its line.
    } while (!/\n/.test(since().split(path)[1] ?? ""));
    return path;
  };
  return {
    async begin() {
      since = follow();
      begun = await mark();
    },
    async requests() {
      const ended = await mark();
      const lines = since().split("\n");
      const at = (path: string): number => lines.findIndex((line) => line.includes(path));
      const seen = lines.slice(at(begun) + 1, at(ended)).flatMap(requestOf);
      return seen.filter((one, index) => !one.includes("/mark/") && one !== seen[index - 1]);
    },
  };
}

import { ids } from "../../../services/control-plane/src/testing/test-cluster.ts";
import { send, type Shot } from "./load.ts";
import { CHANGED, SAME, type Stage } from "./stage.ts";

const VERSION = "api-version=2026-04-01";
const SUBSCRIPTION = `/subscriptions/${ids.subscriptionId}`;
const TYPE = "providers/Microsoft.ContainerService/managedClusters";
const GROUP = `${SUBSCRIPTION}/resourceGroups/Lab/${TYPE}`;

/** First page of the long list. */
export const LIST = `${SUBSCRIPTION}/resourceGroups/Many/${TYPE}?${VERSION}`;

/** Shots of each kind, by their number. */
export type Shots = {
  readonly getCluster: (number: number) => Shot;
  readonly putTags: (number: number) => Shot;
  /** The mix: of twenty, sixteen read and four write. */
  readonly mixed: (number: number) => Shot;
  /** What each kind of the mix is called, and whether it writes. */
  readonly kinds: ReadonlyMap<string, "read" | "write">;
};

/** Twenty requests as they come again and again; `patch` only where there is that route. */
const PATTERN = [
  ...["getCluster", "operation", "putTags", "getCluster", "routing", "getCluster", "operation", "putSame", "getCluster", "list"],
  ...["getCluster", "operation", "patch", "getCluster", "routing", "getCluster", "operation", "putTags", "getCluster", "routing"],
] as const;

/** The path of an operation that stays under way, since no worker runs. */
async function beginOperation(stage: Stage, headers: Readonly<Record<string, string>>): Promise<string> {
  const advancedNetworking = { enabled: true, performance: { accelerationMode: "BpfVeth" } };
  const body = JSON.stringify({ location: "westeurope", properties: { networkProfile: { advancedNetworking } } });
  const reply = await send(stage.agent(1), stage.installation.base, { method: "PUT", path: `${GROUP}/operated?${VERSION}`, headers, body });
  const status = reply.headers["azure-asyncoperation"];
  if (typeof status !== "string") throw new Error(`No operation began: ${reply.status} ${reply.text}`);
  return status.slice(stage.installation.base.length);
}

/** Makes the shots; asks the control plane for what they need to know. */
export async function makeShots(stage: Stage): Promise<Shots> {
  const headers = { authorization: `Bearer ${stage.token}`, "content-type": "application/json" };
  const get = (kind: string, path: string): Shot => ({ kind, method: "GET", path, headers: { authorization: headers.authorization } });
  const operation = await beginOperation(stage, headers);
  const changed = (number: number): string => `${GROUP}/changed-${(number * 7) % CHANGED}?${VERSION}`;
  const shown = async (name: string): Promise<Record<string, unknown>> =>
    JSON.parse((await send(stage.agent(1), stage.installation.base, get("", `${GROUP}/${name}?${VERSION}`))).text);
  // What a client read, it puts back whole.
  const { id: _, name: __, ...body } = await shown("changed-0");
  const same = JSON.stringify(body);
  const tagged = (tags: object): string => JSON.stringify({ ...body, tags });
  const write = (method: "PUT" | "PATCH", path: string, sent: string) => ({ method, path, headers, body: sent });
  const shots = {
    getCluster: (n: number) => get("GET cluster", changed(n)),
    operation: () => get("GET operation", operation),
    routing: (n: number) => get("GET hostRoutings", changed(n).replace("?", "/hostRoutings/default?")),
    list: () => get("GET page of a list", LIST),
    putTags: (n: number): Shot => ({ kind: "PUT tags", ...write("PUT", changed(n), tagged({ n: `${n}` })) }),
    putSame: (n: number): Shot => ({ kind: "PUT, no change", ...write("PUT", `${GROUP}/same-${n % SAME}?${VERSION}`, same) }),
    patch: (n: number): Shot => ({ kind: "PATCH tags", ...write("PATCH", changed(n), JSON.stringify({ tags: { n: `${n}` } })) }),
  };
  const hasPatch = (await send(stage.agent(1), stage.installation.base, shots.patch(0))).status === 200;
  const mixed = (number: number): Shot => {
    const kind = PATTERN[number % PATTERN.length] ?? "getCluster";
    return shots[kind === "patch" && !hasPatch ? "putSame" : kind](number);
  };
  const kinds = new Map(
    PATTERN.map((_kind, n) => mixed(n)).map(({ kind, method }) => [kind, method === "GET" ? "read" : "write"] as const),
  );
  return { getCluster: shots.getCluster, putTags: shots.putTags, mixed, kinds };
}

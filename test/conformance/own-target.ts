import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SignJWT } from "jose";
import { as, type ClusterId, type ManagedCluster, type Operation } from "@hostrouting/domain";
import { openStore, type Store } from "@hostrouting/store";
import { ensureSigningKey } from "../../infra/dev/authority/signing-key.ts";
import { objectIdOf } from "../../infra/dev/authority/directory.ts";
import { clusterIdOf } from "../../services/control-plane/src/arm/resource-ids.ts";
import { registerClusters } from "../../services/control-plane/src/testing/bad-requests.ts";
import { playProvider, type PlayedProvider } from "../../services/control-plane/src/testing/play-provider.ts";
import { acceleratable, assign, ids, makeCluster, moveOperation } from "../../services/control-plane/src/testing/test-cluster.ts";
import { makeTestDatabase } from "../../services/control-plane/src/testing/test-database.ts";
import { startTestInstallation, type TestInstallation } from "../../services/control-plane/src/testing/test-installation.ts";
import type { Caller, Json, Point, Step } from "./point.ts";
import type { Powers, Target } from "./target.ts";
import { wholeWith } from "./points/parts.ts";
import { fillAll, type Variables } from "./templates.ts";

const LOCATION = "westeurope";
const PATIENCE_MS = 20_000;
const READY_POLL_MS = 50;
/** As many writes at once as with ARM, but a busy machine must not get them back as fast as it can ask. */
const SLOW_REFILL = { HOSTROUTING_THROTTLE_WRITES: "200/1" };
const TOKEN_LIFETIME_S = 3_000;
const version = "2026-04-01";

/** Claims in which a caller differs from the client of the installation. */
const CALLERS = {
  wrongAudience: { aud: "https://graph.test" },
  otherTenant: { tid: ids.otherTenantId },
  otherObject: { oid: "77777777-7777-4777-8777-777777777777" },
  user: { oid: "88888888-8888-4888-8888-888888888888", idtyp: "user", upn: "ada@lab.test", scp: "user_impersonation" },
} as const satisfies Readonly<Record<Exclude<Caller, "self" | "nobody">, Readonly<Record<string, unknown>>>>;

/** An installation of the run's own, its database, and who plays the provider of its clusters; the worker is played through the store. */
export type OwnTarget = Target & { readonly store: Store; readonly installation: TestInstallation; readonly provider: PlayedProvider };

type Own = Pick<OwnTarget, "store" | "installation" | "provider"> & { readonly current: { subscriptionId: string } };

async function clientToken(installation: TestInstallation): Promise<string> {
  const form = {
    grant_type: "client_credentials",
    client_id: ids.clientId,
    client_secret: installation.clientSecret,
    scope: `${installation.base}/.default`,
  };
  const reply = await fetch(`${installation.base}/${ids.tenantId}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) });
  const { access_token: token } = (await reply.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`The authority answered ${reply.status} instead of a token`);
  return token;
}

/** Signs with the authority's own key what the authority itself would not issue. */
async function foreignToken(installation: TestInstallation, claims: Readonly<Record<string, unknown>>): Promise<string> {
  const key = await ensureSigningKey(installation.authorityKeyFile);
  const now = Math.floor(Date.now() / 1_000);
  const { tid = ids.tenantId } = claims;
  const who = { tid, oid: "66666666-6666-4666-8666-666666666666", appid: ids.clientId, idtyp: "app" };
  const good = { iss: `${installation.base}/${String(tid)}/`, aud: installation.base, ...who };
  return new SignJWT({ ...good, iat: now, nbf: now, exp: now + TOKEN_LIFETIME_S, ver: "1.0", ...claims })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.publicJwk.kid })
    .sign(key.privateKey);
}

async function setState(store: Store, id: string, state: string): Promise<void> {
  await store.directory.registerSubscription({ id, tenantId: ids.tenantId, displayName: "Conformance", state });
}

/** A subscription with the groups that points speak of. */
async function registerSubscription(store: Store, subscriptionId: string): Promise<void> {
  await setState(store, subscriptionId, "Registered");
  for (const displayName of ["Lab", "empty", "pages", "huge"])
    await store.directory.registerResourceGroup({ subscriptionId, displayName, location: LOCATION });
  // What a caller is refused is not to be for want of a role, but for being somebody else.
  const client = objectIdOf(ids.tenantId, ids.clientId);
  for (const principalId of [client, CALLERS.otherObject.oid, CALLERS.user.oid])
    await assign(store, { principalId, scope: `/subscriptions/${subscriptionId}` });
}

type Place = { readonly subscriptionId: string; readonly resourceGroup: string; readonly name: string };

function clusterAt(place: Place, changes: Partial<ManagedCluster> = {}): ManagedCluster {
  return makeCluster(place.name, { ...place, id: clusterIdOf(place), ...changes });
}

function bare(): ManagedCluster["properties"] {
  const { advancedNetworking: _, ...networkProfile } = acceleratable.networkProfile;
  return { ...acceleratable, networkProfile };
}

const FAILURE = { code: "PreflightBlocked", message: "Two checks failed" };

function changesOf(phase: Extract<Step, { step: "worker" }>["phase"]): Partial<Operation> {
  if (phase === "Succeeded") return { phase, percentComplete: 100 };
  return phase === "Failed" ? { phase, error: FAILURE } : { phase };
}

/** Ids that a point's steps may find in its variables. */
const idOf = (variables: Variables, letter: "C" | "N"): ClusterId => as<ClusterId>(String(variables.get(letter)).toLowerCase());

function makePowers({ store, installation, provider, current }: Own): Powers {
  return {
    async worker(step, variables) {
      const id = idOf(variables, step.of ?? "C");
      await untilUnderWay(store, id);
      // What a provider is to make or remove comes first; where that was all, nothing is left to the engine.
      await provider.serveAll();
      if ((await store.clusters.get(id))?.activeOperationId !== undefined) await moveOperation(store, id, changesOf(step.phase));
    },
    subscription: (state) => setState(store, current.subscriptionId, state),
    async crash() {
      await installation.crash();
      await untilReady(installation.base);
    },
    async fill({ group, clusters, bytesEach }) {
      const filler = "x".repeat(bytesEach);
      for (let n = 0; n < clusters; n++) {
        const place = { subscriptionId: current.subscriptionId, resourceGroup: group, name: `filler-${n}` };
        await store.clusters.register(clusterAt(place, { properties: { ...acceleratable, filler } }), {});
      }
    },
  };
}

/** What a deployment writes begins a moment after the deployment. */
async function untilUnderWay(store: Store, id: ClusterId): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while ((await store.clusters.get(id))?.activeOperationId === undefined) {
    if (Date.now() > until) throw new Error(`No operation began on ${id} within ${PATIENCE_MS / 1_000} s`);
    await sleep(READY_POLL_MS);
  }
}

/** A control plane answers before it has its database. */
async function untilReady(base: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while ((await fetch(`${base}/readyz`)).status !== 200) {
    if (Date.now() > until) throw new Error(`The control plane is not ready after ${PATIENCE_MS / 1_000} s`);
    await sleep(READY_POLL_MS);
  }
}

/** Points that take something of a subscription away (its state, its writes) get one of their own. */
function subscriptionFor(point: Point): string {
  return point.steps.some(({ step }) => step === "subscription" || step === "repeat") ? randomUUID() : ids.subscriptionId;
}

/** A cluster that its provider has made, with mode None: what `registerClusters` registers has no credentials here. */
async function make({ installation, provider }: Own, path: string): Promise<void> {
  const reply = await fetch(`${installation.base}${path}?api-version=${version}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${await clientToken(installation)}`, "content-type": "application/json" },
    body: JSON.stringify(fillAll(wholeWith("None"), new Map([["location", LOCATION]]))),
  });
  if (reply.status !== 201) throw new Error(`PUT ${path} answered ${reply.status}: ${await reply.text()}`);
  await provider.serveAll();
}

async function prepare(own: Own, point: Point): Promise<Record<string, Json>> {
  const { store, current } = own;
  const subscriptionId = subscriptionFor(point);
  current.subscriptionId = subscriptionId;
  if (subscriptionId !== ids.subscriptionId) await registerSubscription(store, subscriptionId);
  const isOwn = point.cluster === "fresh" || point.cluster === "bare" || point.cluster === "made";
  const name = isOwn ? point.id.toLowerCase() : (point.cluster ?? "one");
  const place = { subscriptionId, resourceGroup: "Lab", name };
  const provider = "providers/Microsoft.ContainerService";
  const group = `/subscriptions/${subscriptionId}/resourceGroups/Lab`;
  if (point.cluster === "made") await make(own, `${group}/${provider}/managedClusters/${name}`);
  else if (isOwn) await store.clusters.register(clusterAt(place, point.cluster === "bare" ? { properties: bare() } : {}), {});
  return {
    run: "conformance",
    version,
    V: `api-version=${version}`,
    RP: provider,
    S: `/subscriptions/${subscriptionId}`,
    G: group,
    L: `${group}/${provider}/managedClusters`,
    C: `${group}/${provider}/managedClusters/${name}`,
    N: `${group}/${provider}/managedClusters/new-${point.id.toLowerCase()}`,
    name,
    group: "Lab",
    emptyGroup: "empty",
    location: LOCATION,
  };
}

/**
 * Starts authority and control plane on a database of their own (HOSTROUTING_TEST_DATABASE_URL names the server) and plays the worker: operations are
 * moved by the same records that the worker writes.
 * @param controlPlane more of its environment.
 */
export async function startOwnTarget(controlPlane: Readonly<Record<string, string>> = {}): Promise<OwnTarget> {
  const endings: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    const database = await makeTestDatabase();
    endings.push(() => database.drop());
    const store = await openStore(database.url, () => undefined);
    endings.push(() => store.close());
    await registerSubscription(store, ids.subscriptionId);
    await registerClusters(store);
    const installation = await startTestInstallation(database.url, {
      controlPlane: { ...SLOW_REFILL, HOSTROUTING_PROVIDERS: "lab", ...controlPlane },
    });
    endings.push(() => installation.close());
    const own: Own = { store, installation, provider: playProvider(store), current: { subscriptionId: ids.subscriptionId } };
    const tokens = new Map<Caller, Promise<string>>();
    const issue = (caller: Exclude<Caller, "nobody">): Promise<string> =>
      caller === "self" ? clientToken(installation) : foreignToken(installation, CALLERS[caller]);
    return {
      base: installation.base,
      ...own,
      powers: makePowers(own),
      patienceMs: PATIENCE_MS,
      async token(caller) {
        if (caller === "nobody") return null;
        const known = tokens.get(caller) ?? issue(caller);
        tokens.set(caller, known);
        return known;
      },
      prepare: (point) => prepare(own, point),
      whyNot: () => undefined,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

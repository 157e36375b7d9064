import { PassThrough } from "node:stream";
import type { IncomingMessage } from "node:http";
import { AppError } from "@hostrouting/domain";
import type { ApiAnswer, ApiCall, ApiClient } from "./api-client.ts";
import { BUNDLE_PODS, CONFIGS, DAEMONSETS, NODE_OBJECTS, NODES } from "./cluster-caches.ts";
import { policyCollection } from "./cluster-policy.ts";
import { FakeApiWrites } from "./fake-api-writes.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { BUNDLE_NAME, BUNDLE_NAMESPACE, CONFIG_NAME } from "./names.ts";

type Stored = { readonly metadata?: { readonly name?: string | undefined; readonly resourceVersion?: string | undefined } };
type Happened = { readonly version: number; readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Stored };
type Answer = PassThrough & { statusCode: number };
type Watch = { readonly selects: (name: string) => boolean; readonly answer: Answer; held: Happened[] };

const POLICIES = policyCollection("").path;
/** Kinds whose versions the cluster gives itself, since patches name them. */
const OWN_VERSIONS: ReadonlySet<string> = new Set([NODES, POLICIES]);

const nameOf = (object: Stored): string => object.metadata?.name ?? "";
const withVersion = (object: Stored, version: string): Stored => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: version },
});

/** One collection: what is in it, what happened since the floor, who watches. */
class FakeCollection {
  readonly log: Happened[] = [];
  readonly watches = new Set<Watch>();
  objects = new Map<string, Stored>();
  /** What happened up to this version is forgotten. */
  floor = 0;
  isLate = false;

  /** Finds out what happened since it was last asked, by comparing. */
  follow(now: readonly Stored[], versionFor: (object: Stored) => string): void {
    const bare = (object: Stored): string => JSON.stringify(withVersion(object, ""));
    const happened: Happened[] = [];
    const after = new Map<string, Stored>();
    const note = (type: Happened["type"], object: Stored): void =>
      void happened.push({ type, object, version: Number(object.metadata?.resourceVersion) });
    for (const object of now) {
      const before = this.objects.get(nameOf(object));
      if (before !== undefined && bare(before) === bare(object)) {
        after.set(nameOf(object), before);
        continue;
      }
      const stored = withVersion(structuredClone(object), versionFor(object));
      after.set(nameOf(object), stored);
      note(before === undefined ? "ADDED" : "MODIFIED", stored);
    }
    for (const [name, object] of this.objects) if (!after.has(name)) note("DELETED", withVersion(object, versionFor({})));
    this.objects = after;
    happened.sort((one, other) => one.version - other.version);
    this.log.push(...happened);
    for (const watch of this.watches) for (const each of happened) this.tell(watch, each);
  }

  tell(watch: Watch, happened: Happened): void {
    const { type, object } = happened;
    if (!watch.selects(nameOf(object))) return;
    if (this.isLate) watch.held.push(happened);
    else watch.answer.write(`${JSON.stringify({ type, object })}\n`);
  }

  /** What was held back is told now; the first so many of each watch. */
  deliver(count: number): void {
    for (const { held, answer } of this.watches)
      for (const { type, object } of held.splice(0, count)) answer.write(`${JSON.stringify({ type, object })}\n`);
  }
}

/**
 * The API server of a fake cluster, as a client sees it: lists have a version, watches tell in order what happened after theirs, and a version that was
 * compacted is expired (410). It counts every request.
 */
export class FakeApiServer {
  /** Method and path of every request, watches with `WATCH`. */
  readonly requests: string[] = [];
  readonly client: ApiClient;
  readonly #cluster: FakeCluster;
  readonly #writes: FakeApiWrites;
  readonly #collections = new Map<string, FakeCollection>();
  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
    this.#writes = new FakeApiWrites(cluster);
    for (const path of [NODES, NODE_OBJECTS, CONFIGS, DAEMONSETS, BUNDLE_PODS, POLICIES]) this.#collections.set(path, new FakeCollection());
    this.client = {
      send: (call) => this.#send(call),
      call: (call) => this.#call(call),
      stream: (call, onAnswer, onError) => this.#stream(call, onAnswer, onError),
      close: () => {},
    };
  }

  /** Tells watches what has happened since. */
  publish(): void {
    for (const [path, collection] of this.#collections)
      collection.follow(this.#now(path), ({ metadata }) =>
        OWN_VERSIONS.has(path) && metadata?.resourceVersion !== undefined ? metadata.resourceVersion : this.#cluster.nextVersion(),
      );
  }

  /** While late, watches stay open and tell nothing; afterwards they tell all that they held back. */
  set late(isLate: boolean) {
    for (const collection of this.#collections.values()) {
      collection.isLate = isLate;
      if (!isLate) collection.deliver(Number.POSITIVE_INFINITY);
    }
  }

  /** Each late watch tells the next thing that it held back. */
  tellNext(): void {
    for (const collection of this.#collections.values()) collection.deliver(1);
  }

  /** Watches hear at which version they are. */
  bookmark(): void {
    this.publish();
    const object = { metadata: { resourceVersion: this.#cluster.nextVersion() } };
    for (const { watches } of this.#collections.values())
      for (const { answer } of watches) answer.write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  /** Forgets what happened, so that whoever asks for an earlier version is told that it is expired. */
  compact(): void {
    this.publish();
    const floor = Number(this.#cluster.nextVersion());
    for (const collection of this.#collections.values()) {
      collection.floor = floor;
      collection.log.length = 0;
    }
  }

  /** Ends every watch, as at the end of its time; or breaks it, with an error. */
  endWatches(error?: Error): void {
    for (const { watches } of this.#collections.values())
      for (const watch of [...watches]) {
        watches.delete(watch);
        if (error === undefined) watch.answer.end();
        else watch.answer.destroy(error);
      }
  }

  #now(path: string): readonly Stored[] {
    const { nodes, objects, config, daemonSet, pods, policies } = this.#cluster;
    const all: Readonly<Record<string, () => readonly (Stored | undefined)[]>> = {
      [NODES]: () => [...nodes.values()],
      [NODE_OBJECTS]: () => [...objects.values()],
      [CONFIGS]: () => [config && { ...config, metadata: { ...config.metadata, name: CONFIG_NAME } }],
      [DAEMONSETS]: () => [daemonSet && { ...daemonSet, metadata: { ...daemonSet.metadata, name: BUNDLE_NAME } }],
      [BUNDLE_PODS]: () => [...pods.values()].filter(({ metadata }) => metadata?.namespace === BUNDLE_NAMESPACE),
      [POLICIES]: () => policies.all(),
    };
    return (all[path]?.() ?? []).filter((object) => object !== undefined);
  }

  #reach(verb: string, path: string): void {
    this.requests.push(`${verb} ${path}`);
    if (this.#cluster.unreachable) throw new AppError("kube.unreachable", { say: "The API server does not answer" });
  }

  async #call(call: ApiCall): Promise<unknown> {
    const { method, path, query } = call;
    this.#reach(method, path);
    const collection = this.#collections.get(path);
    if (method === "GET" && collection !== undefined) return this.#list(path, collection, query?.["fieldSelector"]);
    const answer = await this.#writes.answer(call);
    this.publish();
    return this.#stored(path) ?? answer;
  }

  /** What is there of the object that was written or asked for. */
  #stored(path: string): Stored | undefined {
    const cut = path.lastIndexOf("/");
    const collection = this.#collections.get(path.slice(0, cut));
    if (collection === undefined) return undefined;
    const name = path.slice(cut + 1);
    const isThere = this.#now(path.slice(0, cut)).find((object) => nameOf(object) === name);
    if (isThere === undefined) return {};
    return collection.objects.get(name);
  }

  #list(path: string, collection: FakeCollection, selector: string | undefined): unknown {
    if (path === POLICIES && !this.#cluster.policies.isSupported) throw new AppError("kube.not-found", { say: "no such kind" });
    this.publish();
    const selects = this.#selects(selector);
    const items = structuredClone([...collection.objects.values()].filter((object) => selects(nameOf(object))));
    return { items, metadata: { resourceVersion: this.#cluster.nextVersion() } };
  }

  #selects(selector: string | undefined): (name: string) => boolean {
    const name = selector?.replace("metadata.name=", "");
    return (each) => name === undefined || each === name;
  }

  async #send(call: ApiCall): Promise<ApiAnswer> {
    this.#reach(call.method, call.path);
    const answer = await this.#writes.send(call);
    this.publish();
    return answer;
  }

  #stream(call: ApiCall, onAnswer: (answer: IncomingMessage) => void, onError: (error: Error) => void): { close(): void } {
    const { path, query = {} } = call;
    this.requests.push(`WATCH ${path}`);
    const collection = this.#collections.get(path);
    const from = Number(query["resourceVersion"]);
    if (collection === undefined || Number.isNaN(from) || query["watch"] !== "1") throw new Error(`${path} cannot be watched so`);
    if (this.#cluster.unreachable) {
      setImmediate(() => onError(new Error("connection refused")));
      return { close: () => {} };
    }
    this.publish();
    const answer = Object.assign(new PassThrough(), { statusCode: 200 });
    const watch: Watch = { answer, held: [], selects: this.#selects(query["fieldSelector"]) };
    // A fake answer has what a watch reads of a real one: a status and a stream.
    setImmediate(() => onAnswer(answer as unknown as IncomingMessage));
    if (from < collection.floor)
      answer.end(`${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } })}\n`);
    else {
      collection.watches.add(watch);
      for (const each of collection.log) if (each.version > from) collection.tell(watch, each);
    }
    return {
      close() {
        collection.watches.delete(watch);
        answer.destroy();
      },
    };
  }
}

import { AppError } from "@hostrouting/domain";
import type { Timers } from "@hostrouting/runtime";
import type { ApiClient } from "./api-client.ts";
import { openWatch, type Collection, type Versioned, type WatchEnd, type WatchEvent } from "./api-watch.ts";
import type { Closable } from "./cluster-access.ts";

/** How long objects count as known while no watch is open: what it takes to open the next one. */
const GAP_MAX_MS = 2_000;
/** What we wrote comes back by the watch within this, or the watch is not to be trusted. */
const ECHO_MAX_MS = 5_000;
/** Everything is listed anew this often, at the end of a watch, whatever was heard meanwhile. */
const RELIST_MS = 10 * 60_000;
/** Pause before a watch or a list is tried again; doubles while it keeps failing, so that a storm of lists cannot begin. */
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 10_000;

type List<T> = { readonly items?: readonly T[]; readonly metadata?: { readonly resourceVersion?: string } };

const REFUSALS: ReadonlySet<string> = new Set(["kube.not-found", "kube.forbidden"]);

const DIGITS = /^\d+$/;

/** Whether a version is before another of the same collection; versions are decimal numbers (KEP-5504), and any others are taken in the order in which they come. */
function isOlder(version = "", than = ""): boolean {
  if (!DIGITS.test(version) || !DIGITS.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

const versionOf = (object: Versioned): string => object.metadata?.resourceVersion ?? "";
const nameOf = (object: Versioned): string => object.metadata?.name ?? "";

/** What a cache works with. `keep` leaves of an object what is needed; `onChange` says "look again"; `onSign` that the API server lives, `onLoss` that it may not. */
export type CacheParts<T extends Versioned> = {
  readonly client: Pick<ApiClient, "call" | "stream">;
  readonly timers: Timers;
  readonly collection: Collection;
  readonly keep: (object: T) => T;
  readonly onChange: () => void;
  readonly onSign: () => void;
  readonly onLoss: () => void;
};

/**
 * The objects of one collection as a list gave them and a watch has changed them since. Whoever reads gets what is kept while the watch is open, and a list of
 * that moment whenever it is not known to be whole: at the beginning, after a gap, after an expired version (410), after a write of which nobody knows what
 * became, after a delete. So a read never tells less than a list would, but for what is on its way through the watch.
 */
export class CollectionCache<T extends Versioned> implements Closable {
  readonly #parts: CacheParts<T>;
  #objects = new Map<string, T>();
  /** What was written while a list was on its way. */
  #meanwhile = new Map<string, T>();
  /** The last version of the collection that list or watch told of. */
  #version = "";
  /** Grows with every doubt; a list that began under an earlier number does not answer it. */
  #doubts = 1;
  #answered = 0;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** Until when the objects count as known without an open watch. */
  #knownUntil = Number.NEGATIVE_INFINITY;
  #isOpen = false;
  #isClosed = false;
  #pauseMs = PAUSE_MIN_MS;
  #watch: Closable | undefined;
  #listing: Promise<readonly T[]> | undefined;
  /** That there is no such kind, or no right to it, is an answer: it holds until the next try. */
  #refusal: AppError | undefined;
  #callOffs = new Set<() => void>();
  #callOffRetry = (): void => {};

  constructor(parts: CacheParts<T>) {
    this.#parts = parts;
    this.#tryList();
  }

  /** The collection's objects, to be left as they are. @throws AppError of ClusterAccess when it has to be listed and cannot be */
  async items(): Promise<readonly T[]> {
    while (!this.#isKnown()) {
      if (this.#refusal !== undefined) throw this.#refusal;
      const listed = await this.#list();
      if (this.#isClosed) return listed;
    }
    return [...this.#objects.values()];
  }

  /** Whether the next read asks the API server, so that its silence shows. */
  get isAsked(): boolean {
    return !this.#isKnown() && this.#refusal === undefined;
  }

  /** Takes an object as the API server answered to a write. The watch may tell of it later, and of what was there before it. */
  wrote(object: unknown): void {
    const written = object as T;
    const version = versionOf(written);
    if (!DIGITS.test(version) || this.#version === "") return this.doubt();
    // What the watch is past already is kept, or gone.
    if (!isOlder(this.#version, version)) return;
    this.#put(written);
    if (this.#listing !== undefined) this.#meanwhile.set(nameOf(written), this.#parts.keep(written));
    const callOff = this.#parts.timers.after(ECHO_MAX_MS, () => {
      this.#callOffs.delete(callOff);
      if (isOlder(this.#version, version)) this.doubt();
    });
    this.#callOffs.add(callOff);
  }

  /** Something was deleted, or written with an unknown end: the next read lists. */
  doubt(): void {
    this.#doubts += 1;
    this.#refusal = undefined;
    this.#later();
  }

  close(): void {
    this.#isClosed = true;
    this.#stopWatch();
    this.#callOffRetry();
    for (const callOff of this.#callOffs) callOff();
    this.#objects.clear();
  }

  #isKnown(): boolean {
    const isWatched = this.#isOpen || this.#parts.timers.monotonicNow() < this.#knownUntil;
    return this.#answered === this.#doubts && isWatched && !this.#isClosed;
  }

  /** Joins the list that is under way, or begins one. */
  #list(): Promise<readonly T[]> {
    this.#listing ??= this.#readAll().finally(() => (this.#listing = undefined));
    return this.#listing;
  }

  async #readAll(): Promise<readonly T[]> {
    const doubts = this.#doubts;
    this.#stopWatch();
    this.#refusal = undefined;
    this.#meanwhile.clear();
    const { items = [], metadata } = await this.#fetch();
    if (this.#isClosed) return items;
    const hasChanged = this.#replace(items, metadata?.resourceVersion ?? "");
    this.#answered = doubts;
    this.#listedAt = this.#parts.timers.monotonicNow();
    this.#knownUntil = this.#listedAt + GAP_MAX_MS;
    this.#openWatch();
    if (hasChanged) this.#parts.onChange();
    return items;
  }

  async #fetch(): Promise<List<T>> {
    const { path, ...query } = this.#parts.collection;
    try {
      return (await this.#parts.client.call({ method: "GET", path, query })) as List<T>;
    } catch (error) {
      if (error instanceof AppError && REFUSALS.has(error.code)) this.#refusal = error;
      this.#later();
      throw error;
    }
  }

  /** Nothing of before is kept, whatever its version: an API server that was restored begins at an earlier one. */
  #replace(items: readonly T[], version: string): boolean {
    const before = this.#objects;
    const written = [...this.#meanwhile].filter(([, object]) => isOlder(version, versionOf(object)));
    this.#objects = new Map([...items.map((object) => [nameOf(object), this.#parts.keep(object)] as const), ...written]);
    const hasChanged =
      this.#version === "" ||
      before.size !== this.#objects.size ||
      [...this.#objects].some(([name, object]) => versionOf(before.get(name) ?? {}) !== versionOf(object));
    this.#version = version;
    return hasChanged;
  }

  #put(object: T): boolean {
    const name = nameOf(object);
    const known = this.#objects.get(name);
    if (known !== undefined && isOlder(versionOf(object), versionOf(known))) return false;
    this.#objects.set(name, this.#parts.keep(object));
    return true;
  }

  #hear({ type, object }: WatchEvent): void {
    this.#pauseMs = PAUSE_MIN_MS;
    this.#parts.onSign();
    const version = versionOf(object);
    if (!isOlder(version, this.#version)) this.#version = version;
    if (type === "BOOKMARK") return;
    const name = nameOf(object);
    if (type !== "DELETED") this.#put(object as T);
    else if (!isOlder(version, versionOf(this.#objects.get(name) ?? {}))) this.#objects.delete(name);
    this.#parts.onChange();
  }

  #openWatch(): void {
    this.#callOffRetry();
    let isOver = false;
    const watch = openWatch(
      this.#parts,
      { collection: this.#parts.collection, resourceVersion: this.#version },
      {
        onOpen: () => {
          this.#isOpen = true;
          this.#parts.onSign();
        },
        onEvent: (event) => this.#hear(event),
        onEnd: (end) => {
          isOver = true;
          this.#ended(end);
        },
      },
    );
    if (!isOver) this.#watch = watch;
  }

  #ended(end: WatchEnd): void {
    const now = this.#parts.timers.monotonicNow();
    if (this.#isOpen) this.#knownUntil = now + GAP_MAX_MS;
    this.#isOpen = false;
    this.#watch = undefined;
    if (end === "Failed") this.#parts.onLoss();
    if (end === "Expired" || now - this.#listedAt > RELIST_MS) this.#doubts += 1;
    this.#later();
  }

  #stopWatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#isOpen = false;
  }

  /** Goes on after a pause: with the watch from where it ended, or with a list where that is not enough. */
  #later(): void {
    this.#callOffRetry();
    if (this.#isClosed) return;
    this.#callOffRetry = this.#parts.timers.after(this.#pauseMs, () => {
      if (this.#answered !== this.#doubts) this.#tryList();
      else if (this.#watch === undefined) this.#openWatch();
    });
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MAX_MS);
  }

  /** Nobody waits for it; a list that fails is tried again, and whoever reads meanwhile hears why. */
  #tryList(): void {
    this.#list().catch(() => undefined);
  }
}

import { writeSync } from "node:fs";
import * as loader from "../../../packages/bpf-loader/src/index.ts";
import { AppError } from "../../../packages/domain/src/index.ts";

/**
 * Calls everything that the loader exports with garbage, as a process of its own: what reaches C in a wrong shape would end it. Runs in a
 * network namespace of its own. Arguments: object file, seed, number of calls. Prints one JSON line.
 */
const [objectFile = "/nowhere", seed = "1", calls = "1000"] = process.argv.slice(2);

/** They make errors, tuples and answers out of what they are given, and never reach C. */
const PURE = new Set([
  ...["bpfFault", "errnoName", "isAtOurPlace", "isFault", "requireArgument", "turned"],
  // of netlink messages, bytes in and bytes out
  ...["attribute", "decodeAttributes", "encodeMessage", "readText", "readU32", "textAttribute"],
]);
/** Of a failure's arguments this much is shown. */
const SHOWN_CHARACTERS = 60;

type Call = { name: string; invoke: (...args: unknown[]) => unknown };
type Class = (abstract new (...args: never[]) => object) & Record<string, unknown>;

const random = mulberry32(Number(seed));
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const handles = makeHandles();
const tuple = { source: "192.0.2.1", destination: "192.0.2.2", protocol: 6, sourcePort: 1, destinationPort: 2 };
const garbage: readonly unknown[] = [
  ...[tuple, { ...tuple, destination: "2001:db8::1" }, { ...tuple, protocol: 256 }, { ...tuple, source: 5n }],
  ...[{ original: tuple }, { original: tuple, translated: { address: "192.0.2.3", port: -1 }, timeoutSeconds: 1 }],
  ...[
    undefined,
    null,
    true,
    Number.NaN,
    -1,
    0,
    1,
    1.5,
    7,
    40,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e308,
    Number.POSITIVE_INFINITY,
    5n,
    -1n,
    2n ** 64n,
  ],
  ...["", "x", "\0", "a\0b", "/", "/nowhere", "/nowhere/pin", objectFile, "y".repeat(5000), "\ud800", "192.0.2.1", "2001:db8::1", "table"],
  ...[{}, [], [1], [[]], [[null, null]], { isClosed: false }, Object.create(null), new Date(0), Symbol("x"), () => undefined],
  ...[0, 1, 4, 6, 8, 14, 16, 20, 64, 4096, 65_536].map((length) => Buffer.alloc(length, length)),
  ...[new Uint8Array(4), new ArrayBuffer(8), new DataView(new ArrayBuffer(8))],
  ...[{ maxEntries: { table: -1 } }, { maps: { table: null } }, { constants: { step: {} } }, { without: [null] }, { without: 5 }],
  ...handles,
];

function makeHandles(): object[] {
  const object = loader.BpfObject.load(objectFile);
  const closed = loader.BpfObject.load(objectFile);
  const ofClosed = [closed.map("table"), closed.map("events"), closed.program("emit")];
  const ring = loader.RingBuffer.open(closed.map("events"), () => undefined);
  closed.close();
  ring.close();
  const socket = loader.NetlinkSocket.open();
  const shut = loader.NetlinkSocket.open();
  shut.close();
  const gone = loader.NetworkNamespace.create();
  gone.close();
  const maps = ["table", "counts", "events"].map((name) => object.map(name));
  const programs = ["emit", "first", "on_state"].map((name) => object.program(name));
  const events = loader.RingBuffer.open(object.map("events"), () => undefined);
  const here = [socket, loader.Conntrack.open(), loader.NetworkNamespace.current(), loader.NetworkNamespace.create(), events];
  return [object, closed, ring, shut, gone, ...ofClosed, ...maps, ...programs, ...here];
}

/** Every exported function, and every method and property of every exported class on each handle of that class. */
function everyCall(): Call[] {
  return Object.entries(loader).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value !== "function" || PURE.has(name)) return [];
    return String(value).startsWith("class ") ? callsOf(name, value as unknown as Class) : [{ name, invoke: value as Call["invoke"] }];
  });
}

function callsOf(name: string, of: Class): Call[] {
  const statics = Object.getOwnPropertyNames(of)
    .filter((key) => typeof of[key] === "function")
    .map((key) => ({ name: `${name}.${key}`, invoke: (...args: unknown[]) => (of[key] as Call["invoke"]).call(of, ...args) }));
  const instances = handles.filter((handle) => handle instanceof of);
  const members = Object.entries(Object.getOwnPropertyDescriptors(of.prototype)).filter(
    ([key]) => key !== "constructor" && key !== "close",
  );
  const methods = members.flatMap(([key, { get, value }]) =>
    instances.map((instance) => ({
      name: `${name}#${key}`,
      invoke: (...args: unknown[]) => (get ? get.call(instance) : (value as Call["invoke"]).call(instance, ...args)),
    })),
  );
  return [...statics, ...methods];
}

/** What a call made is let go of at once: handles by `close`, subscriptions by calling them. */
function letGo(made: unknown): void {
  if (handles.includes(made as object)) return;
  if (typeof made === "function") (made as () => void)();
  else if (made !== null && typeof made === "object" && "close" in made && typeof made.close === "function") made.close();
}

function shown(value: unknown): string {
  const text = Buffer.isBuffer(value)
    ? `${value.length} bytes`
    : typeof value === "object" && value
      ? value.constructor?.name
      : String(value);
  return `${typeof value} ${text}`.slice(0, SHOWN_CHARACTERS);
}

/** mulberry32: 32 bits of state, good enough to choose. */
function mulberry32(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const all = everyCall();
const result = { calls: 0, returned: 0, refused: 0, names: [...new Set(all.map(({ name }) => name))], wrong: new Set<string>() };
for (; result.calls < Number(calls); result.calls++) {
  const { name, invoke } = pick(all);
  const args = Array.from({ length: Math.floor(random() * 5) }, () => pick(garbage));
  try {
    letGo(invoke(...args));
    result.returned++;
  } catch (error) {
    if (error instanceof AppError) result.refused++;
    else result.wrong.add(`${name}(${args.map(shown).join(", ")}): ${String(error)}`);
  }
}
writeSync(1, `${JSON.stringify({ ...result, wrong: [...result.wrong] })}\n`);
process.exit(0);

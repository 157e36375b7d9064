import { AppError } from "@hostrouting/domain";
import { bpfFault, requireArgument } from "./bpf-fault.ts";
import { BpfMap } from "./bpf-map.ts";
import { requireHandle, requireText, requireU32 } from "./checked-arguments.ts";
import { nativeLibraries, type Pointer } from "./native.ts";
import { setConstants } from "./object-constants.ts";
import { readMapInfo } from "./object-info.ts";

/** What is settled between opening an object and loading it; everything else is as the C source says. */
export type ObjectSettings = {
  /** Numbers of entries of maps, by the map's name. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /** Maps of an earlier object to go on with, by name: their content stays. Type and sizes must be the source's; libbpf would take any. */
  readonly maps?: Readonly<Record<string, BpfMap>>;
  /** Values of `const volatile` variables, by name. The verifier takes them for constants and drops what cannot happen. */
  readonly constants?: Readonly<Record<string, number | bigint>>;
  /** Programs that are not loaded, e.g. those that use functions which this kernel lacks. */
  readonly without?: readonly string[];
};

/** Applies settings to an opened object. @throws AppError `bpf.enoent` for names that the object does not have. */
export function applySettings(object: Pointer, settings: ObjectSettings): void {
  requireArgument(typeof settings === "object" && settings !== null, "the settings of an object are no settings");
  for (const [name, entries] of Object.entries(settings.maxEntries ?? {})) setEntries(object, name, entries);
  for (const [name, map] of Object.entries(settings.maps ?? {})) reuse(object, name, map);
  for (const name of settings.without ?? []) leaveOut(object, name);
  setConstants(object, Object.entries(settings.constants ?? {}));
}

function setEntries(object: Pointer, name: string, entries: number): void {
  requireU32(entries, `the number of entries of map ${name}`);
  const result = nativeLibraries().setMaxEntries(findMap(object, name), entries);
  if (result < 0) throw bpfFault(`${entries} entries for map ${name}`, result);
}

function reuse(object: Pointer, name: string, map: BpfMap): void {
  requireHandle(map, BpfMap, "map");
  const native = nativeLibraries();
  const declared = findMap(object, name);
  const { type, keySize, valueSize } = readMapInfo(map.fd);
  const fits =
    type === native.declaredType(declared) &&
    keySize === native.declaredKeySize(declared) &&
    valueSize === native.declaredValueSize(declared);
  requireArgument(fits, `map ${map.name} has another shape than the object's map ${name}`);
  const result = native.reuseFd(declared, map.fd);
  if (result < 0) throw bpfFault(`map ${map.name} as map ${name}`, result);
}

function leaveOut(object: Pointer, name: string): void {
  requireText(name, "the name of a program");
  const program = nativeLibraries().findProgram(object, name);
  if (!program) throw missing(`program ${name}`);
  const result = nativeLibraries().setAutoload(program, false);
  if (result < 0) throw bpfFault(`program ${name} left out`, result);
}

function findMap(object: Pointer, name: string): Pointer {
  requireText(name, "the name of a map");
  const map = nativeLibraries().findMap(object, name);
  if (!map) throw missing(`map ${name}`);
  return map;
}

function missing(what: string): AppError {
  return new AppError("bpf.enoent", { say: `The object has no ${what}` });
}

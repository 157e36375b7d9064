/** What the npm lock file (version 3) says of one installed folder; only the fields that decide what an image needs. */
export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

/** The `packages` table of package-lock.json: installed folder → package. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

/** The folders that a workspace needs at run time, each relative to the project, sorted. */
export interface ProductionClosure {
  /** Our own folders (`packages/kube`). */
  readonly workspaces: readonly string[];
  /** Folders under some `node_modules`. */
  readonly installed: readonly string[];
}

/** The machine that the image is for, in npm's words. */
export interface TargetMachine {
  readonly os: string;
  readonly cpu: string;
}

/**
 * Follows the lock file from one workspace through everything that it loads at run time, the way Node resolves it: nested folder first,
 * then outwards. Type declarations (`@types/*`) and packages of other machines are left out; a peer is taken when it is installed.
 */
export function productionClosure(locked: LockedPackages, workspace: string, target: TargetMachine): ProductionClosure {
  const seen = new Set<string>();
  const pending = [workspace];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    pending.push(...neededBy(locked, at, target));
  }
  const all = [...seen].sort();
  return {
    workspaces: all.filter((folder) => !folder.includes("node_modules/")),
    installed: all.filter((folder) => folder.includes("node_modules/")),
  };
}

function neededBy(locked: LockedPackages, folder: string, target: TargetMachine): string[] {
  const entry = locked[folder] ?? {};
  const names = Object.keys({ ...entry.peerDependencies, ...entry.optionalDependencies, ...entry.dependencies });
  return names
    .filter((name) => !name.startsWith("@types/"))
    .map((name) => resolveFolder(locked, folder, name))
    .filter((found): found is string => found !== undefined && runsOn(locked[found], target));
}

/** A link (a workspace in node_modules) stands for the folder that it points to. */
function resolveFolder(locked: LockedPackages, from: string, name: string): string | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf("/")))) {
    const candidate = base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    const entry = locked[candidate];
    if (entry) return entry.link ? entry.resolved : candidate;
    if (base === "") return undefined;
  }
}

function runsOn(entry: LockedPackage | undefined, target: TargetMachine): boolean {
  if (!entry) return false;
  const libcFits = !entry.libc || entry.libc.includes("glibc");
  return (!entry.os || entry.os.includes(target.os)) && (!entry.cpu || entry.cpu.includes(target.cpu)) && libcFits;
}

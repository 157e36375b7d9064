import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { arch } from "node:process";
import { join, relative } from "node:path";
import { AppError } from "@hostrouting/domain";
import { productionClosure, type LockedPackages, type ProductionClosure } from "./production-closure.ts";

/** The workspace whose needs decide what the image holds. */
const AGENT = "services/node-agent";

/** The folder whose programs run as the lab's demo application, from the same image. */
const DEMO = "infra/lab/demo";

const OBJECTS = "bpf/build";

/** What one bundle image is made of. */
export interface BundleContent {
  /** `sha256:` and 64 hex digits over all that is below. */
  readonly digest: string;
  /** Names the layer of third-party packages; equal for bundles that differ in our sources alone. */
  readonly dependenciesKey: string;
  /** Third-party folders, relative to the project. */
  readonly installed: readonly string[];
  /** Our own packages that the agent loads, relative to the project. */
  readonly workspaces: readonly string[];
  /** Every file of ours, relative to the project, sorted. */
  readonly files: readonly string[];
}

/**
 * Reads what a bundle built now would hold. The digest covers the agent's sources and those of the packages that it loads, the eBPF
 * objects, the demo application, the locked third-party packages and `baseKey`. The same content gives the same digest on any machine.
 */
export async function readBundleContent(project: string, baseKey: string): Promise<BundleContent> {
  const lock = JSON.parse(await readFile(join(project, "package-lock.json"), "utf8")) as { packages: LockedPackages };
  const closure = productionClosure(lock.packages, AGENT, { os: "linux", cpu: arch });
  const dependenciesKey = keyOf([baseKey, ...closure.installed.map((folder) => lockLine(lock.packages, folder))]);
  const files = await ourFiles(project, closure);
  const lines = await Promise.all(files.map(async (file) => `${file} ${sha256(await readFile(join(project, file)))}`));
  const digest = `sha256:${sha256([dependenciesKey, ...lines].join("\n"))}`;
  return { digest, dependenciesKey, installed: closure.installed, workspaces: closure.workspaces, files };
}

/** First 16 hex digits of a hash over lines: long enough to tell builds apart, short enough for a tag or file name. */
export function keyOf(lines: readonly string[]): string {
  return sha256(lines.join("\n")).slice(0, 16);
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function lockLine(locked: LockedPackages, folder: string): string {
  const entry = locked[folder];
  return `${folder} ${entry?.version ?? ""} ${entry?.integrity ?? ""}`;
}

async function ourFiles(project: string, closure: ProductionClosure): Promise<string[]> {
  const folders = [...closure.workspaces.flatMap((folder) => [`${folder}/src`, `${folder}/package.json`]), DEMO, OBJECTS];
  const found = await Promise.all(folders.map((folder) => filesBelow(project, folder)));
  const files = found.flat().filter(isShipped).sort();
  const programExists = files.includes(`${AGENT}/src/main.ts`);
  if (programExists && !files.some((file) => file.startsWith(`${OBJECTS}/`)))
    throw new AppError("image.objects-missing", {
      say: `There is no eBPF object in ${OBJECTS}`,
      do: "Run `make -C bpf` and read its errors",
    });
  return files;
}

function isShipped(file: string): boolean {
  return file.startsWith(`${OBJECTS}/`) ? file.endsWith(".bpf.o") : !file.endsWith(".test.ts");
}

async function filesBelow(project: string, path: string): Promise<string[]> {
  const full = join(project, path);
  if (!existsSync(full)) return [];
  if (path.endsWith(".json")) return [path];
  const entries = await readdir(full, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(project, join(entry.parentPath, entry.name)));
}

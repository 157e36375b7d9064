import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runCommand } from "../images/run-command.ts";
import { withFileLock } from "../images/with-file-lock.ts";

/** Release of Kubernetes whose modules go.mod names. */
export const KUBERNETES_VERSION = "v1.36.3";

const SOURCES = join(import.meta.dirname, "hyper");

/** The programs that the one binary can be. */
const NAMES = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"];

/** A first build takes 6 minutes on two cores; ten times that is a build that hangs. */
const BUILD_TIMEOUT_MS = 3_600_000;

/** What to build with. */
export interface ProgramsOptions {
  /** The cache folder of the product. */
  readonly cache: string;
  readonly onProgress: (line: string) => void;
  /** Ends a build that is under way. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Gives the folder with the lab's programs, building them when sources or modules have changed. Kept outside the checkout, named by
 * a hash of both. Throws AppError `command.*` when Go is missing or the build fails.
 */
export async function buildPrograms(options: ProgramsOptions): Promise<string> {
  const folder = join(options.cache, "programs", await sourcesKey());
  if (existsSync(folder)) return folder;
  await withFileLock(
    { file: join(options.cache, "programs.lock"), waitMs: BUILD_TIMEOUT_MS, holder: "Another build of the lab's programs" },
    async () => {
      if (existsSync(folder)) return;
      options.onProgress(`lab: building Kubernetes ${KUBERNETES_VERSION} from source (once; about 6 minutes)`);
      await build(folder, options.signal);
    },
  );
  return folder;
}

/** Whether the programs of these sources have been built. */
export async function programsAreBuilt(cache: string): Promise<boolean> {
  return existsSync(join(cache, "programs", await sourcesKey()));
}

async function build(folder: string, signal: AbortSignal | undefined): Promise<void> {
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await runCommand({
    argv: [
      "nice",
      "-n",
      "10",
      "go",
      "build",
      "-ldflags",
      `-s -w -X k8s.io/component-base/version.gitVersion=${KUBERNETES_VERSION}`,
      "-o",
      `${fresh}/`,
      ".",
      "./wire",
    ],
    cwd: SOURCES,
    timeoutMs: BUILD_TIMEOUT_MS,
    env: goEnvironment(),
    signal,
  });
  for (const name of NAMES) await symlink("hyper", join(fresh, name));
  await rename(fresh, folder);
}

/** Go's own settings (proxy, cache) come from its configuration file or the caller; the rest of the environment is no business of it. */
function goEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(GO[A-Z0-9]*|PATH|HOME|XDG_CACHE_HOME|HTTPS?_PROXY|NO_PROXY|SSL_CERT_FILE|TMPDIR)$/i.test(name),
  );
  return { HOME: homedir(), ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])), CGO_ENABLED: "0" };
}

async function sourcesKey(): Promise<string> {
  const entries = await readdir(SOURCES, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.(go|mod|sum)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash("sha256").update(KUBERNETES_VERSION);
  for (const file of files.sort()) hash.update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}

import { execFile } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { AppError } from "@hostrouting/domain";
import type { ChildPlan } from "./supervised-child.ts";

/** A private Postgres: one Unix socket, no TCP, nobody else's. */
export type PrivatePostgres = {
  readonly plan: ChildPlan;
  /** libpq URL of a database. */
  url(database: string): string;
  /** Waits until it answers. @throws AppError `postgres.not-ready` */
  ready(timeoutMs: number): Promise<void>;
  /** Makes a database unless it is there. */
  ensureDatabase(name: string): Promise<void>;
};

/** `durable: false` trades crash safety of the machine (not of the process) for speed; for tests. */
export type PostgresOptions = { readonly dataFolder: string; readonly runtimeFolder: string; readonly durable: boolean };

const BINARIES = "/usr/lib/postgresql";
const STEP_TIMEOUT_MS = 60_000;
const LOOK_MS = 40;
const run = promisify(execFile);

/** Small: the whole lab has 2 GiB. JIT helps long queries only, of which there are none; mmap keeps a killed server out of /dev/shm. */
const SETTINGS = {
  listen_addresses: "",
  shared_buffers: "32MB",
  max_connections: "100",
  jit: "off",
  dynamic_shared_memory_type: "mmap",
  max_wal_size: "256MB",
  log_timezone: "UTC",
  timezone: "UTC",
};

/**
 * Prepares a data folder (initdb the first time) and says how to run the server on it.
 *
 * Postgres refuses to run as root: root runs it as user `postgres`, in a mount namespace of its own where the data folder is bound to a place
 * that this user can reach, so that the folder itself may lie under /root. The mount ends with the process.
 * @throws AppError `postgres.not-installed`, `postgres.init-failed`
 */
export async function preparePostgres(options: PostgresOptions): Promise<PrivatePostgres> {
  const asRoot = process.getuid?.() === 0;
  const binaries = findBinaries(options.dataFolder);
  mkdirSync(options.dataFolder, { recursive: true, mode: 0o700 });
  mkdirSync(options.runtimeFolder, { recursive: true, mode: 0o700 });
  const data = asRoot ? path.join(options.runtimeFolder, "data") : options.dataFolder;
  if (asRoot) await giveToPostgres(options, data);
  const inNamespace = (command: readonly string[]): readonly string[] => (asRoot ? entering(options.dataFolder, data, command) : command);

  if (!existsSync(path.join(options.dataFolder, "PG_VERSION")))
    await step(
      "postgres.init-failed",
      inNamespace([`${binaries}/initdb`, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]),
    );

  const settings = {
    ...SETTINGS,
    unix_socket_directories: options.runtimeFolder,
    ...(options.durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  const [command = "", ...args] = inNamespace([
    `${binaries}/postgres`,
    "-D",
    data,
    ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
  ]);
  return {
    // SIGINT is Postgres' fast shutdown: sessions are ended, the database is left clean.
    plan: {
      name: "postgres",
      command,
      args,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
      stopSignal: "SIGINT",
      stopTimeoutMs: 5_000,
    },
    url: (database) => `postgresql://postgres@localhost/${database}?host=${encodeURIComponent(options.runtimeFolder)}`,
    ready: (timeoutMs) => answers(binaries, options.runtimeFolder, timeoutMs),
    async ensureDatabase(name) {
      const at = ["-h", options.runtimeFolder, "-U", "postgres"];
      const found = await run(
        `${binaries}/psql`,
        [...at, "-d", "postgres", "-Atc", `select 1 from pg_database where datname = '${name}'`],
        { timeout: STEP_TIMEOUT_MS },
      );
      if (found.stdout.trim() === "") await step("postgres.init-failed", [`${binaries}/createdb`, ...at, name]);
    },
  };
}

/** The version that made the data folder, else the newest. */
function findBinaries(dataFolder: string): string {
  const made = path.join(dataFolder, "PG_VERSION");
  const versions = existsSync(BINARIES) ? readdirSync(BINARIES).sort((a, b) => Number(b) - Number(a)) : [];
  const version = existsSync(made) ? readFileSync(made, "utf8").trim() : versions[0];
  if (version !== undefined && existsSync(`${BINARIES}/${version}/bin/postgres`)) return `${BINARIES}/${version}/bin`;
  throw new AppError("postgres.not-installed", {
    say: `There is no Postgres${version === undefined ? "" : ` ${version}, which made ${dataFolder},`} under ${BINARIES}`,
    do: `Install it (apt-get install postgresql${version === undefined ? "" : `-${version}`}).`,
  });
}

async function giveToPostgres(options: PostgresOptions, data: string): Promise<void> {
  mkdirSync(data, { recursive: true });
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "postgres"], { timeout: STEP_TIMEOUT_MS })).stdout)),
  );
  if (uid === undefined || gid === undefined) return;
  chownSync(options.runtimeFolder, uid, gid);
  chownSync(options.dataFolder, uid, gid);
}

/** unshare(1) and setpriv(1) replace themselves: the pid stays the one that was started. */
function entering(dataFolder: string, data: string, command: readonly string[]): readonly string[] {
  const script =
    'mount --bind "$1" "$2" && shift 2 && cd / && exec setpriv --reuid postgres --regid postgres --init-groups --pdeathsig INT -- "$@"';
  return ["/usr/bin/unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", script, "sh", dataFolder, data, ...command];
}

async function step(code: string, [command = "", ...args]: readonly string[]): Promise<void> {
  try {
    await run(command, args, { timeout: STEP_TIMEOUT_MS, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" } });
  } catch (cause) {
    const told = (cause as { stderr?: string }).stderr ?? "";
    if (/No space left on device/.test(told))
      throw new AppError(code, {
        say: "There is no room left on the disk for the private database",
        do: "Make room, or choose another --state-dir.",
      });
    throw new AppError(code, {
      say: "The private database could not be prepared",
      do: "Is the disk full, or the folder another user's?",
      cause,
    });
  }
}

async function answers(binaries: string, socketFolder: string, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    try {
      await run(`${binaries}/pg_isready`, ["-q", "-h", socketFolder, "-U", "postgres"], { timeout: STEP_TIMEOUT_MS });
      return;
    } catch {
      await sleep(LOOK_MS);
    }
  }
  throw new AppError("postgres.not-ready", {
    say: `The private database did not answer within ${timeoutMs / 1000} s`,
    do: "Look at logs/postgres.log in the state folder.",
  });
}

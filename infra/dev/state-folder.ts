import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, realpathSync } from "node:fs";
import path from "node:path";

/** Where one installation keeps what must survive a restart, and where it keeps what must not. All paths absolute. */
export type StateFolder = {
  readonly root: string;
  /** 6 hex digits of the SHA-256 of the folder's real path: names of sockets, namespaces and cgroups carry it. */
  readonly id: string;
  readonly database: string;
  readonly tls: string;
  readonly secrets: string;
  readonly logs: string;
  /** Processes that were started, with their start times. */
  readonly processes: string;
  /** Short (a Unix socket's path ends at 107 bytes) and gone after a reboot. */
  readonly runtime: string;
};

/** Makes the folders: private to the user, except the runtime folder's parents, through which the database's user must pass. */
export function openStateFolder(stateDir: string): StateFolder {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const root = realpathSync(stateDir);
  const id = createHash("sha256").update(root).digest("hex").slice(0, 6);
  const folder = {
    root,
    id,
    database: path.join(root, "postgres"),
    tls: path.join(root, "tls"),
    secrets: path.join(root, "secrets"),
    logs: path.join(root, "logs"),
    processes: path.join(root, "processes.json"),
    runtime: path.join(runtimeRoot(), id),
  };
  for (const part of [folder.tls, folder.secrets, folder.logs]) mkdirSync(part, { recursive: true, mode: 0o700 });
  mkdirSync(folder.runtime, { recursive: true, mode: 0o755 });
  if (process.getuid?.() === 0) chmodSync(runtimeRoot(), 0o755);
  return folder;
}

function runtimeRoot(): string {
  return process.getuid?.() === 0 ? "/run/acns-hostrouting" : `/tmp/acns-hostrouting-${process.getuid?.() ?? "user"}`;
}

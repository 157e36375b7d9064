import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { writePrivateFile } from "./private-file.ts";

/** What a program needs to use the installation. It holds a secret: 0600. */
export type ReadyFile = {
  /** Base URL of the ARM endpoint; also the authority host. */
  readonly arm: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Path of the authority's directory: people with passwords, and another tenant. */
  readonly directoryFile: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly cluster: string;
  /** Path of the cluster administrator's kubeconfig; empty without a lab. */
  readonly kubeconfig: string;
};

/** Written in one move, once everything is ready; its presence means just that. */
export function writeReadyFile(file: string, ready: ReadyFile): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writePrivateFile(file, `${JSON.stringify(ready, null, 2)}\n`);
}

/** Taken away before anything is started and when everything ends. */
export function removeReadyFile(file: string): void {
  rmSync(file, { force: true });
}

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { AzureCli } from "../az/azure-cli.ts";
import { labNodes, labRecord } from "./lab-nodes.ts";

const TIMEOUT_MS = 30_000;

/** A context of the kubeconfig into which `az aks get-credentials` merges, and the state folder of the lab that it is to lead to. */
export type Fetched = { readonly cli: AzureCli; readonly context: string; readonly folder: string };

/** kubectl finds its kubeconfig where az has put it, and is told the nodes of that lab. */
export async function expectServed({ cli, context, folder }: Fetched): Promise<void> {
  const program = path.join(labRecord(folder).programs, "kubectl");
  const args = ["--context", context, "get", "nodes", "--output", "jsonpath={.items[*].metadata.name}"];
  const { stdout } = await promisify(execFile)(program, args, { env: { HOME: cli.configFolder }, timeout: TIMEOUT_MS });
  const nodes = labNodes(folder).map(({ name }) => name);
  assert.deepEqual(stdout.split(" ").toSorted(), nodes.toSorted());
}

/** What `npm start` printed for somebody with az, and an az in the hands of whoever pasted it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { pythonEnvironment } from "../../infra/dev/bootstrap/python-environment.mjs";
import { followLog } from "../../infra/dev/bounded-log.ts";
import { clusterResourceId } from "../../services/control-plane/src/arm/resource-ids.ts";
import { azureCli } from "../az/azure-cli.ts";
import { recordRequests } from "../az/request-record.ts";
import type { LineStage } from "../az/run-line.ts";
import { ENABLE_TIMEOUT_MS } from "./expectations.ts";
import type { Stage } from "./stage.ts";

const SIGN_IN_TIMEOUT_MS = 60_000;

/** Lines of a shell, by whether they come before there is somebody signed in, which is the last thing that they do. */
export type PrintedAz = { readonly signIn: readonly string[]; readonly commands: readonly string[] };

/** All that the last start printed for az: the indented lines that begin with its name, or set its variables. */
export function printedAz(stage: Stage): PrintedAz {
  const printed = readFileSync(path.join(stage.stateDir, "start.log"), "utf8");
  const lines = [...printed.slice(printed.lastIndexOf("\nReady in ")).matchAll(/^ {2}((?:export|az) .*)$/gm)].map(([, line = ""]) => line);
  const signedInAt = lines.findIndex((line) => line.startsWith("az login ")) + 1;
  return { signIn: lines.slice(0, signedInAt), commands: lines.slice(signedInAt) };
}

/** Signs in at the first call, as `signInAsPrinted`; answers the same az to each. */
export function openAz(stage: Stage): () => Promise<LineStage> {
  let signedIn: Promise<LineStage> | undefined;
  return () => (signedIn ??= signInAsPrinted(stage));
}

/** Pastes the lines up to the sign-in into a shell as they are; answers an az that goes on in the same configuration. @throws when one fails, or asks for something else than it should */
async function signInAsPrinted(stage: Stage): Promise<LineStage> {
  const { arm, caFile, resourceGroup, cluster } = stage.ready;
  const record = recordRequests({
    follow: () => followLog(path.join(stage.stateDir, "logs/control-plane.log")),
    ask: (path) => stage.arm.request({ method: "GET", path }),
  });
  const home = mkdtempSync(path.join(stage.stateDir, "az-"));
  const programs = path.join(pythonEnvironment("az"), "bin");
  const env = { PATH: `${programs}:${process.env["PATH"] ?? ""}`, HOME: home, TMPDIR: home };
  const script = ["set -e", ...printedAz(stage).signIn, 'printf "\\n%s" "$AZURE_CONFIG_DIR"'].join("\n");
  await record.begin();
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { env, cwd: home, timeout: SIGN_IN_TIMEOUT_MS });
  assert.deepEqual(await record.requests(), ["GET metadata", "GET openid configuration", "POST token", "GET subscriptions"]);
  return {
    cli: azureCli(stdout.slice(stdout.lastIndexOf("\n") + 1), { REQUESTS_CA_BUNDLE: caFile }, ENABLE_TIMEOUT_MS),
    record,
    values: {
      arm,
      cluster: clusterResourceId({ ...stage.ready, resourceGroup, name: cluster }),
      templates: path.join(import.meta.dirname, "../../infra/azure"),
    },
  };
}

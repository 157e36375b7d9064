import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { ArmConnection } from "@hostrouting/azure";
import { AppError } from "@hostrouting/domain";

const MEMBERS = ["arm", "tenantId", "clientId", "clientSecret", "subscriptionId", "resourceGroup", "cluster"] as const;

/** The ready file of the default state folder. */
export function defaultConnectionFile(): string {
  return path.join(homedir(), ".local/state/acns-hostrouting/ready.json");
}

/** Which cluster is meant, where it is not the one that the file names. */
export type ClusterChoice = { readonly resourceGroup?: string | undefined; readonly cluster?: string | undefined };

/**
 * Reads where the endpoint is, as whom to speak to it, and which cluster is meant.
 * @throws AppError `cli.no-connection`
 */
export function readConnectionFile(file: string, choice: ClusterChoice = {}): ArmConnection {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new AppError("cli.no-connection", {
      say: absent ? `There is no ready file ${file}` : `The ready file ${file} cannot be read`,
      do: 'Start the installation with "npm start" and wait for "Ready", or name its file with --ready-file.',
      cause: absent ? undefined : cause,
    });
  }
  const values = content as Partial<Record<string, string>> | null;
  const missing = MEMBERS.filter((member) => typeof values?.[member] !== "string");
  if (missing.length > 0)
    throw new AppError("cli.no-connection", {
      say: `The ready file ${file} lacks ${missing.join(", ")}`,
      do: 'It is written by "npm start".',
    });
  const { resourceGroup, cluster } = values as unknown as ArmConnection;
  return {
    ...(values as unknown as ArmConnection),
    resourceGroup: choice.resourceGroup ?? resourceGroup,
    cluster: choice.cluster ?? cluster,
  };
}

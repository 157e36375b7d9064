import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@hostrouting/domain";
import { CONFIG_PREFIX, type ConfigFile } from "./masquerade-config.ts";

/** Config maps of AKS, in kube-system: the user's and the platform's own. Their keys count as names of files. */
export const CONFIG_MAPS = ["azure-ip-masq-agent-config", "azure-ip-masq-agent-config-reconciled"] as const;

/** Reads a folder's files that are ip-masq-agent's; a folder that is not there has none. @throws AppError `masquerade.unreadable`. */
export function readConfigFolder(folder: string): ConfigFile[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.startsWith(CONFIG_PREFIX));
  return names.sort().map((name) => ({ name, text: readText(join(folder, name)) }));
}

/** Reads a config map: its keys are files. */
export function readConfigMap(object: unknown): ConfigFile[] {
  const { data = {} } = object as { data?: Record<string, string> };
  return Object.entries(data).map(([name, text]) => ({ name, text }));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new AppError("masquerade.unreadable", { say: `${path} cannot be read`, cause });
  }
}

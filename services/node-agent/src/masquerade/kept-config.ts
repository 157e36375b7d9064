import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { MasqueradeConfig, ReadConfig } from "./masquerade-config.ts";

/** Whether what is written now can be read. `Unknown`: nothing has been read yet. */
export type ConfigValidity = { status: "True" | "False" | "Unknown"; reason: string; message: string };

/** The configuration that counts, with the first 16 hex digits of its hash; undefined while there has never been a valid one. */
export type ConfigState = { config: MasqueradeConfig | undefined; digest: string | undefined; validity: ConfigValidity };

const UNKNOWN: ConfigValidity = { status: "Unknown", reason: "NotReadYet", message: "The masquerade configuration has not been read yet." };

/** Keeps the last valid configuration, also in a file, so that an agent that starts beside an invalid one goes on with it. */
export class KeptConfig {
  readonly #path: string;
  #config: MasqueradeConfig | undefined;
  #validity = UNKNOWN;

  /** @param path of the file that keeps it. */
  constructor(path: string) {
    this.#path = path;
    this.#config = readKept(path);
  }

  /** Takes what has been read. An invalid configuration changes nothing but the condition. */
  take(read: ReadConfig): void {
    if ("fault" in read) {
      const kept = this.#config
        ? "The last valid one counts."
        : "There has not been a valid one, so pods' traffic to the outside stays on the stack.";
      this.#validity = { status: "False", reason: "Invalid", message: `${read.fault}. ${kept}` };
      return;
    }
    this.#validity = { status: "True", reason: "Read", message: `${read.config.ranges.length} ranges are not masqueraded.` };
    if (JSON.stringify(read.config) === JSON.stringify(this.#config)) return;
    this.#config = read.config;
    keep(this.#path, read.config);
  }

  /** What counts now. */
  state(): ConfigState {
    return { config: this.#config, digest: this.#config && digestOf(this.#config), validity: this.#validity };
  }
}

function digestOf(config: MasqueradeConfig): string {
  return createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 16);
}

/** A missing or damaged file reads as "never had one". */
function readKept(path: string): MasqueradeConfig | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isConfig(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** In one step, so that a crash leaves the old one or the new one. */
function keep(path: string, config: MasqueradeConfig): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(config)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function isConfig(value: unknown): value is MasqueradeConfig {
  if (typeof value !== "object" || value === null) return false;
  const { ranges, linkLocal, linkLocalV6 } = value as Record<string, unknown>;
  const areTexts = Array.isArray(ranges) && ranges.every((range) => typeof range === "string");
  return areTexts && typeof linkLocal === "boolean" && typeof linkLocalV6 === "boolean";
}

import { execFile } from "node:child_process";
import path from "node:path";
import { pythonEnvironment } from "../../infra/dev/bootstrap/python-environment.mjs";

/** How a command ended: exit code, and what it printed. */
export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** An az of one configuration folder. */
export type AzureCli = {
  /** What it knows. */
  readonly configFolder: string;
  /** Runs one command; words in quotes are one argument, as in a shell. */
  run(line: string): Promise<Ended>;
};

/** Where the worker is played, the longest waits for an operation, polled each second; az itself starts in a second or two, on a busy machine in ten. */
const COMMAND_TIMEOUT_MS = 60_000;

/** Splits a line as a shell does, as far as quotes go. */
export function splitLine(line: string): readonly string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ""),
  );
}

/** Azure CLI from the cache, as whoever installed it would call it; what it keeps, home included, is in `configFolder`. */
export function azureCli(configFolder: string, env: Readonly<Record<string, string>>, timeoutMs = COMMAND_TIMEOUT_MS): AzureCli {
  const program = path.join(pythonEnvironment("az"), "bin/python");
  return {
    configFolder,
    run(line) {
      return new Promise((resolve) => {
        const options = {
          env: {
            PATH: process.env["PATH"] ?? "",
            HOME: configFolder,
            AZURE_CONFIG_DIR: configFolder,
            AZURE_CORE_INSTANCE_DISCOVERY: "false",
            AZURE_CORE_COLLECT_TELEMETRY: "0",
            AZURE_CORE_SURVEY_MESSAGE: "0",
            AZURE_CORE_LOGIN_EXPERIENCE_V2: "off",
            AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
            ...env,
          },
          cwd: configFolder,
          timeout: timeoutMs,
        };
        execFile(program, ["-Im", "azure.cli", ...splitLine(line)], options, (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
          resolve({ code, stdout, stderr });
        });
      });
    },
  };
}

import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Logger } from "@hostrouting/runtime";

/** Notices of changes in nf_tables, as the kernel sends them. */
export type RuleChanges = { stop(): void };

/** `onChange` gets who has changed something, as nft names it: `1234 (iptables-nft)`; undefined when it does not say. */
export type RuleChangesOptions = { logger: Logger; onChange: (writer: string | undefined) => void; command?: readonly string[] };

/** The kernel sends every rule of a change; only the end of each counts here. */
const COMMAND = ["nft", "monitor"] as const;
/** nft_monitor prints it once for each generation, behind what it consists of. */
const GENERATION = /^# new generation \d+(?: by process (.+))?$/;
/** A monitor that ends, ends again: the full scans go on meanwhile. */
const RESTART_MS = 10_000;

/**
 * Follows `nft monitor` in the current network namespace, and starts it again when it ends. Rules of the older backend send no notices.
 * Source: nft(8), "monitor".
 */
export function followRuleChanges({ logger, onChange, command = COMMAND }: RuleChangesOptions): RuleChanges {
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let stopped = false;
  const start = (): void => {
    const [program = "", ...args] = command;
    child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
    child.once("error", (cause) =>
      logger.warn({ cause: cause.message }, "changes of nf_tables cannot be followed, the regular scans go on"),
    );
    child.once("close", () => {
      if (!stopped) restart = setTimeout(start, RESTART_MS);
    });
    if (child.stdout)
      createInterface({ input: child.stdout }).on("line", (line) => {
        const generation = GENERATION.exec(line);
        if (generation) onChange(generation[1]);
      });
  };
  start();
  return {
    stop() {
      stopped = true;
      clearTimeout(restart);
      child?.kill("SIGTERM");
    },
  };
}

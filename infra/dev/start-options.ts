import { homedir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { AppError } from "@hostrouting/domain";
import { KUBE_PROXY_MODES, parseKubeProxyMode, type KubeProxyMode } from "../lab/node-commands.ts";
import { parseSeries, SERIES, type Series } from "../guests/guest-kernel.ts";

/** What `npm start` was asked for. */
export type StartOptions = {
  /** Absolute; database, keys, ids, logs and the lab live here. */
  readonly stateDir: string;
  /** TCP port of the control plane on 127.0.0.1, 1–65535. */
  readonly port: number;
  /** Nodes of the lab, 1–8. */
  readonly nodes: number;
  /** Virtual machines of the lab by their kernels, at most 4. */
  readonly machines: readonly Series[];
  /** How the lab's nodes translate Services. */
  readonly kubeProxyMode: KubeProxyMode;
  readonly lab: boolean;
  /** Absolute; written once everything is ready. */
  readonly readyFile: string;
};

const PORT_DEFAULT = 8443;
const NODES_DEFAULT = 3;
/** 8 nodes are about 3 GiB on one machine. */
const NODES_MAX = 8;
/** Each takes up to 1.5 GiB, and a processor while it boots. */
const MACHINES_MAX = 4;
const USAGE =
  "npm start -- [--state-dir D] [--port N] [--nodes N] [--vm-nodes 6.1,6.12] [--kube-proxy-mode iptables|nftables] [--no-lab] [--ready-file F]";

/** The state folder when none is named; the lab's own command and the CLI look there too. */
export function defaultStateDir(): string {
  return path.join(homedir(), ".local/state/acns-hostrouting");
}

/**
 * Reads the command line of `npm start`.
 * @throws AppError `start.usage` naming the option that is wrong.
 */
export function parseStartOptions(argv: readonly string[]): StartOptions {
  const values = parse(argv);
  const stateDir = path.resolve(values["state-dir"] ?? defaultStateDir());
  return {
    stateDir,
    port: wholeNumber("--port", values.port ?? String(PORT_DEFAULT), 65_535),
    nodes: wholeNumber("--nodes", values.nodes ?? String(NODES_DEFAULT), NODES_MAX),
    machines: machines(values["vm-nodes"]),
    kubeProxyMode: kubeProxyMode(values["kube-proxy-mode"]),
    lab: values["no-lab"] !== true,
    readyFile: path.resolve(values["ready-file"] ?? path.join(stateDir, "ready.json")),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        "state-dir": { type: "string" },
        port: { type: "string" },
        nodes: { type: "string" },
        "vm-nodes": { type: "string" },
        "kube-proxy-mode": { type: "string" },
        "no-lab": { type: "boolean" },
        "ready-file": { type: "string" },
      },
    }).values;
  } catch (error) {
    throw usage(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error));
  }
}

function wholeNumber(option: string, text: string, max: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > max)
    throw usage(`${option} must be a whole number from 1 to ${max}, not "${text}"`);
  return number;
}

function machines(text: string | undefined): Series[] {
  const series = text === undefined ? [] : parseSeries(text);
  if (series && series.length <= MACHINES_MAX) return series;
  const kernels = Object.keys(SERIES).join(" or ");
  throw usage(`--vm-nodes must name one to ${MACHINES_MAX} kernels, each ${kernels}, with commas between, not "${text}"`);
}

function kubeProxyMode(text = "iptables"): KubeProxyMode {
  const mode = parseKubeProxyMode(text);
  if (mode) return mode;
  throw usage(`--kube-proxy-mode must be ${KUBE_PROXY_MODES.join(" or ")}, not "${text}"`);
}

function usage(say: string): AppError {
  return new AppError("start.usage", { say, do: `Usage: ${USAGE}.` });
}

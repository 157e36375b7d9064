import { readRange, type AddressRange } from "./address-range.ts";
import { parseConfigDocument } from "./config-document.ts";

/** What ip-masq-agent's files say together. `ranges` keep the pod's own address, in their one spelling, sorted. */
export type MasqueradeConfig = { ranges: readonly string[]; linkLocal: boolean; linkLocalV6: boolean };

/** A file by its name. */
export type ConfigFile = { name: string; text: string };

/** The configuration, or the first fault that makes the whole of it invalid, naming file and entry. */
export type ReadConfig = { config: MasqueradeConfig } | { fault: string };

/** Files whose names begin otherwise are none of ours. */
export const CONFIG_PREFIX = "ip-masq";
/** ip-masq-agent refuses more in one file. */
const RANGES_PER_FILE_MAX = 64;
/** Files together: 8 of the largest, and well below the 4096 ranges that the kernel's table holds. */
const RANGES_MAX = 512;

/** RFC 1918, as ip-masq-agent assumes when there is no file. */
export const DEFAULT_CONFIG: MasqueradeConfig = {
  ranges: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  linkLocal: false,
  linkLocalV6: false,
};

/** Link-local ranges, not masqueraded unless a file says so. */
const LINK_LOCAL = { v4: "169.254.0.0/16", v6: "fe80::/10" } as const;

/**
 * Reads every file as ip-masq-agent does: ranges are united, switches are or-ed, an empty file says "masquerade everything", no file
 * at all means the default. One bad file makes all invalid, since what the others mean depends on it.
 * @param ipv6 whether the node has IPv6; without it a range of that family is a fault.
 */
export function readConfig(files: readonly ConfigFile[], ipv6: boolean): ReadConfig {
  const ours = files.filter(({ name }) => name.startsWith(CONFIG_PREFIX));
  if (ours.length === 0) return { config: DEFAULT_CONFIG };
  const ranges = new Set<string>();
  const merged = { linkLocal: false, linkLocalV6: false };
  for (const file of ours) {
    const read = readFile(file, ipv6);
    if ("fault" in read) return { fault: `${file.name}: ${read.fault}` };
    for (const range of read.ranges) ranges.add(range);
    merged.linkLocal ||= read.linkLocal;
    merged.linkLocalV6 ||= read.linkLocalV6;
  }
  if (ranges.size > RANGES_MAX) return { fault: `${ranges.size} ranges in ${ours.length} files; ${RANGES_MAX} are the most` };
  return { config: { ranges: [...ranges].sort(), ...merged } };
}

/** Every range that keeps the pod's own address, link-local ones included unless they are to be masqueraded. */
export function unmasqueradedRanges(config: MasqueradeConfig): string[] {
  return [...config.ranges, ...(config.linkLocal ? [] : [LINK_LOCAL.v4]), ...(config.linkLocalV6 ? [] : [LINK_LOCAL.v6])];
}

function readFile(file: ConfigFile, ipv6: boolean): MasqueradeConfig | { fault: string } {
  const document = parseConfigDocument(file.text);
  if ("fault" in document) return document;
  const { ranges, linkLocal, linkLocalV6 } = document;
  if (ranges.length > RANGES_PER_FILE_MAX) return { fault: `${ranges.length} ranges; ${RANGES_PER_FILE_MAX} are the most in one file` };
  const read: string[] = [];
  for (const text of ranges) {
    const outcome = readRange(text);
    const fault = "fault" in outcome ? outcome.fault : familyFault(outcome.range, ipv6);
    if (fault !== undefined) return { fault };
    if ("range" in outcome) read.push(outcome.range.text);
  }
  return { ranges: read, linkLocal, linkLocalV6 };
}

function familyFault({ family, text }: AddressRange, ipv6: boolean): string | undefined {
  return family === 6 && !ipv6 ? `${text} is an IPv6 range and this node has no IPv6` : undefined;
}

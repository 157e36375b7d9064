import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { AppError } from "@hostrouting/domain";
import { classifyRules, defaultAllowList, loadAllowList, readDumps, type Dump } from "@hostrouting/netfilter";
import { translatedPolicy, translateRules } from "@hostrouting/policy";
import { exitCodes } from "../exit-code.ts";
import { translationLines } from "../view/translation-view.ts";

/** What `translate-rules` was asked. */
export type TranslateOptions = {
  readonly name: string;
  readonly clusterCidr: readonly string[];
  readonly nodeAddress: readonly string[];
};

/** Where texts come from and go to. `policy` is for a file, `remark` for people. */
export type TranslateParts = {
  readonly read: (file: string) => Promise<string>;
  readonly policy: (text: string) => void;
  readonly remark: (line: string) => void;
};

/** Reads a file; `-` is standard input. */
export async function readDumpFile(file: string): Promise<string> {
  return file === "-" ? text(process.stdin) : readFile(file, "utf8");
}

/**
 * `translate-rules`: says saved rules as one network policy, and why the others cannot be said. Exit code 2 when there are others.
 * @throws AppError `cli.dump-unreadable` where a file cannot be read or understood
 */
export async function translateRulesCommand(files: readonly string[], options: TranslateOptions, parts: TranslateParts): Promise<number> {
  const dumps = await Promise.all(files.map((file) => dumpOf(file, parts)));
  const { rulesets, unread } = readDumps(dumps.map(({ dump }) => dump));
  const [first] = unread;
  if (first !== undefined) throw unreadable(files.join(", "), `${first.at}: ${first.why}`);
  const allowList = loadAllowList(defaultAllowList);
  const judged = rulesets.flatMap((ruleset) => classifyRules(ruleset, allowList));
  const translations = translateRules(judged, { clusterCidrs: options.clusterCidr, nodeAddresses: options.nodeAddress });
  const policy = translatedPolicy(options.name, translations);
  if (policy !== undefined) parts.policy(JSON.stringify(policy, null, 2));
  for (const line of translationLines(translations)) parts.remark(line);
  return translations.every(({ kind }) => kind === "Translated") ? exitCodes.ok : exitCodes.blocked;
}

async function dumpOf(file: string, { read }: TranslateParts): Promise<{ readonly dump: Dump }> {
  const content = await read(file).catch((cause: unknown) => {
    throw unreadable(file, "it cannot be read", cause);
  });
  if (content.trimStart().startsWith("{")) return { dump: { source: "nft-json", text: content } };
  const isIpv6 = /^-A .*-[sd] [0-9a-f]*:/im.test(content);
  return { dump: { source: isIpv6 ? "ip6tables-nft-save" : "iptables-nft-save", text: content } };
}

function unreadable(file: string, why: string, cause?: unknown): AppError {
  return new AppError("cli.dump-unreadable", {
    say: `The rules of ${file} cannot be used: ${why}`,
    do: "Give what iptables-save, ip6tables-save or `nft -j list ruleset` prints, unchanged.",
    cause,
  });
}

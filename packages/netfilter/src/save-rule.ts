import type { Action, Operand, PacketRule, RuleMatch } from "./packet-rule.ts";
import { excerpt } from "./parsed.ts";
import { singleBlanks, splitWords } from "./save-words.ts";

/** How a tool writes its rules. */
export interface SaveDialect {
  /** iptables and ebtables write the target last and its options behind it; arptables writes it first. */
  readonly targetLast: boolean;
  /** `--ip-src ! 1.2.3.4`, as ebtables writes it. */
  readonly negatesBehind: boolean;
  /** Options that name a field, by the field. */
  readonly fields: Readonly<Record<string, Field>>;
}

type Field = "inInterface" | "outInterface" | "source" | "destination" | "protocol" | "sourcePorts" | "destinationPorts";

/** A rule with the chain that it stands in, or why it cannot be read. */
export type SavedRule = { readonly chain: string; readonly rule: PacketRule } | { readonly why: string };

type Draft = {
  fields: Partial<Record<Field, Operand>>;
  names: string[];
  options: string[];
  comment: string | undefined;
  target: { name: string; goto: boolean; options: string[] } | undefined;
};

const VERDICTS: Readonly<Record<string, Action>> = {
  ACCEPT: { kind: "accept" },
  DROP: { kind: "drop" },
  REJECT: { kind: "reject" },
  RETURN: { kind: "return" },
};

/** Reads `-A CHAIN …`. Whether a target is a chain is known only to the table: `chains` are its names. iptables(8). */
export function readSavedRule(line: string, dialect: SaveDialect, chains: ReadonlySet<string>): SavedRule {
  const split = splitWords(line);
  if ("why" in split) return split;
  const [append, chain, ...words] = split.words;
  if (append !== "-A" || chain === undefined) return { why: "a rule does not begin with -A and its chain" };
  if (!chains.has(chain)) return { why: `the table has no chain "${chain}"` };
  const draft: Draft = { fields: {}, names: [], options: [], comment: undefined, target: undefined };
  const why = readOptions(words, dialect, draft);
  return why === undefined ? { chain, rule: finished(singleBlanks(line), draft, chains) } : { why };
}

function readOptions(words: readonly string[], dialect: SaveDialect, draft: Draft): string | undefined {
  let at = 0;
  while (at < words.length) {
    const before = words[at] === "!";
    const name = words[before ? at + 1 : at];
    if (name === undefined || !name.startsWith("-")) return `"${excerpt(name ?? "!")}" stands where an option is expected`;
    const from = at + (before ? 2 : 1);
    const behind = dialect.negatesBehind && words[from] === "!";
    const values = valuesFrom(words, { name, from: behind ? from + 1 : from }, dialect);
    const why = takeOption({ name, negated: before || behind, values }, dialect, draft);
    if (why !== undefined) return why;
    at = from + (behind ? 1 : 0) + values.length;
  }
  return undefined;
}

/** One word for options that take one whatever it looks like: a comment may read `--dport`. Otherwise those up to the next option. */
function valuesFrom(words: readonly string[], option: { name: string; from: number }, dialect: SaveDialect): readonly string[] {
  const { name, from } = option;
  if (dialect.fields[name] !== undefined || TAKES_ONE.has(name)) return words.slice(from, from + 1);
  let end = from;
  while (end < words.length && words[end] !== "!" && !words[end]?.startsWith("-")) end += 1;
  return words.slice(from, end);
}

const TAKES_ONE: ReadonlySet<string> = new Set(["-m", "-j", "-g", "--comment", "--log-prefix", "--nflog-prefix", "--string", "--name"]);

type Option = { readonly name: string; readonly negated: boolean; readonly values: readonly string[] };

function takeOption(option: Option, dialect: SaveDialect, draft: Draft): string | undefined {
  const { name, negated, values } = option;
  const field = dialect.fields[name];
  if (name === "-c" || name === "--set-counters") return undefined;
  if (name === "-j" || name === "-g") return takeTarget(option, draft);
  if (field === undefined && name !== "-m" && name !== "--comment") {
    const after = draft.target !== undefined && dialect.targetLast ? draft.target.options : draft.options;
    after.push(written(option));
    return undefined;
  }
  const [value] = values;
  if (value === undefined) return `${name} has no value`;
  if (field !== undefined) takeField(field, { negated, values: value.split(",") }, draft);
  else if (name === "-m") draft.names.push(value);
  else draft.comment = draft.comment === undefined ? value : `${draft.comment}\n${value}`;
  return undefined;
}

function takeField(field: Field, operand: Operand, draft: Draft): void {
  // `--dports` of two matches, or a second `-m tcp`: rare, and one field cannot say both.
  if (draft.fields[field] !== undefined) draft.options.push(`${field} ${operand.negated ? "! " : ""}${operand.values.join(",")}`);
  else draft.fields[field] = operand;
}

function takeTarget(option: Option, draft: Draft): string | undefined {
  const [name] = option.values;
  if (name === undefined || option.negated) return `${option.name} does not name one target`;
  if (draft.target !== undefined) return "a rule has two targets";
  draft.target = { name, goto: option.name === "-g", options: [] };
  return undefined;
}

function written({ name, negated, values }: Option): string {
  return [...(negated ? ["!"] : []), name, ...values].join(" ");
}

function finished(text: string, draft: Draft, chains: ReadonlySet<string>): PacketRule {
  const actions = draft.target === undefined ? [] : [actionOf(draft.target, chains)];
  // Only extensions carry options; those of a verdict (`--reject-with`) are kept where nobody overlooks them.
  const rest = actions.some(({ kind }) => kind !== "extension") ? (draft.target?.options ?? []) : [];
  const match: RuleMatch = {
    ...draft.fields,
    names: draft.names,
    options: rest.length === 0 ? draft.options : [...draft.options, ...rest],
  };
  return { text, match, actions, ...(draft.comment === undefined ? {} : { comment: draft.comment }) };
}

function actionOf(target: NonNullable<Draft["target"]>, chains: ReadonlySet<string>): Action {
  const { name, options } = target;
  if (target.goto) return { kind: "goto", chain: name };
  // A chain wins over an extension of the same name, as in iptables; verdicts cannot be chains.
  const verdict = VERDICTS[name];
  if (verdict !== undefined) return verdict;
  return chains.has(name) ? { kind: "jump", chain: name } : { kind: "extension", name, options };
}

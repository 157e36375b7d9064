/** The words of a saved rule, or why it cannot be split. */
export type Words = { readonly words: readonly string[] } | { readonly why: string };

/**
 * Splits a saved rule as iptables-restore does: blanks separate, double quotes hold blanks, and a backslash in them takes the next character as
 * it is. Outside of quotes a backslash is a character like any other. iptables/xshared.c, add_param_to_argv; libxtables/xtables.c,
 * xtables_save_string.
 */
export function splitWords(line: string): Words {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (isBlank(line[at])) {
      at += 1;
      continue;
    }
    const word = line[at] === '"' ? quotedWord(line, at) : plainWord(line, at);
    if (word === undefined) return { why: "a quote is not closed" };
    words.push(word.text);
    at = word.end;
  }
  return { words };
}

type Word = { readonly text: string; readonly end: number };

function plainWord(line: string, start: number): Word | undefined {
  let end = start;
  while (end < line.length && !isBlank(line[end])) {
    // A quote in the middle of a word would join what follows in one tool and split it in another.
    if (line[end] === '"') return undefined;
    end += 1;
  }
  return { text: line.slice(start, end), end };
}

function quotedWord(line: string, start: number): Word | undefined {
  let text = "";
  for (let at = start + 1; at < line.length; at += 1) {
    const char = line[at];
    if (char === '"') return { text, end: at + 1 };
    if (char === "\\") at += 1;
    text += line[at] ?? "";
  }
  return undefined;
}

function isBlank(char: string | undefined): boolean {
  return char === " " || char === "\t";
}

/** The same rule with one blank between its words: some matches write two (`--nfacct-name` in libxt_nfacct.c). Quoted ones stay. */
export function singleBlanks(line: string): string {
  return !/[ \t]{2}|\t/.test(line) ? line : line.replaceAll(/"(?:[^"\\]|\\.)*"|[ \t]+/g, (part) => (part.startsWith('"') ? part : " "));
}

/** One argument for a POSIX shell. Words of plain characters stay as they are, so that commands can be read. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

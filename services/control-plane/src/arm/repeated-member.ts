/** What may stand between tokens (RFC 8259 §2). */
const BLANKS = " \t\n\r";

/** Where the string that begins at `from` ends: at the next quote that no odd number of backslashes stands before. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text[before] === "\\") before--;
    if ((end - before) % 2 === 1) return end;
  }
}

/**
 * The first member that an object has twice (RFC 8259 §4 leaves open which of them holds), in time that grows with the text.
 * @param text Valid JSON: what is none is read without sense.
 */
export function repeatedMember(text: string): string | undefined {
  /** Names so far of each object that is open; arrays have none. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "{" || char === "[") open.push(char === "{" ? new Set() : undefined);
    else if (char === "}" || char === "]") open.pop();
    if (char !== '"') continue;
    const end = endOfString(text, at);
    const names = open.at(-1);
    let next = end + 1;
    while (next < text.length && BLANKS.includes(text[next] ?? "")) next++;
    if (names !== undefined && text[next] === ":") {
      const name = JSON.parse(text.slice(at, end + 1)) as string;
      if (names.has(name)) return name;
      names.add(name);
    }
    at = end;
  }
  return undefined;
}

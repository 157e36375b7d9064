/** One row of a table of promises: what holds, and where the test stands that shows it. */
export interface Promised {
  readonly statement: string;
  readonly file: string;
  readonly test: string;
}

/** Reads the rows `| statement | file | test |` of every table whose head says so; several tests of one statement have a row each. */
export function readPromises(markdown: string): Promised[] {
  const rows = markdown
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return rows.flatMap(([statement = "", file = "", test = ""], index) => {
    const isHead = /^-+$/.test(rows[index + 1]?.[0] ?? "") || /^-+$/.test(statement);
    return isHead ? [] : [{ statement, file: unquoted(file), test: unquoted(test) }];
  });
}

/** What is wrong with a promise: its file is not there, or holds no test of that name. Names put together from data match by their fixed parts. */
export function brokenPromise(promised: Promised, read: (file: string) => string | undefined): string | undefined {
  const text = read(promised.file);
  if (text === undefined) return `${promised.file} is not there, and is to show: ${promised.statement}`;
  const parts = promised.test.split("…").map((part) => part.trim());
  const missing = parts.filter((part) => part === "" || !text.includes(part));
  return missing.length > 0 ? `${promised.file} has no test "${promised.test}", which is to show: ${promised.statement}` : undefined;
}

function unquoted(cell: string): string {
  return cell.replaceAll("`", "");
}

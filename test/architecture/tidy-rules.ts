import path from "node:path";

/** A file of the checkout: its path from the root, and its first bytes or all of them as text. */
export type SourceFile = { readonly path: string; readonly text: string };

/** A rule about files; `broken` answers what is wrong with one and what to do, or nothing. */
export type TidyRule = { readonly name: string; broken(file: SourceFile): string | undefined };

/** Good files are at 85–165 lines; what people complain about is over 1,000. */
const LINES_MAX = 400;
const CODE = /\.(ts|mjs|cjs|c|h|go|sh|tsp)$/;
const GENERATED = /\.gen\.ts$|^bpf\/include\//;
const NAMELESS = new Set(["util", "utils", "helper", "helpers", "common", "misc", "lib", "shared-code", "base", "manager"]);
const TOP_FOLDERS = new Set(["services", "packages", "bpf", "api", "infra", "test", "docs"]);
const TOP_FILES = new Set(["package.json", "package-lock.json", "tsconfig.json", "docker-compose.yml", "knip.json", "LICENSE"]);
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/;
/** Names that a tool prescribes. */
const GIVEN_NAMES = /^(README|ARCHITECTURE|DECISIONS|CONTRIBUTING)\.md$|^Makefile$|^LICENSE$|^Dockerfile/;
/** C files are named as their objects are: libbpf makes identifiers of them. */
const SNAKE_CASE = /^[a-z0-9_]+(\.bpf)?\.[ch]$/;
/** node:test loads a reporter by its default export. */
const DEFAULT_EXPORT_NEEDED = new Set(["infra/dev/count-reporter.ts"]);
const NUL = "\0";

/** Every rule; the test beside it proves that each of them bites. */
export const tidyRules: readonly TidyRule[] = [
  {
    name: "short-files",
    broken: ({ path: file, text }) => {
      const lines = text.split("\n").length - 1;
      return CODE.test(file) && !GENERATED.test(file) && lines > LINES_MAX
        ? `has ${lines} lines, at most ${LINES_MAX}: split it by what it does`
        : undefined;
    },
  },
  {
    name: "names-that-say-something",
    broken: ({ path: file }) => {
      const nameless = file.split("/").find((part) => NAMELESS.has(part.split(".")[0] ?? ""));
      return nameless === undefined ? undefined : `"${nameless}" says nothing: name it for the one thing that it holds`;
    },
  },
  {
    name: "kebab-case-names",
    broken: ({ path: file }) => {
      const name = path.basename(file);
      if (
        name.startsWith(".") ||
        file.startsWith(".") ||
        GIVEN_NAMES.test(name) ||
        KEBAB_CASE.test(name) ||
        SNAKE_CASE.test(name) ||
        name.endsWith("_test.go")
      )
        return undefined;
      return "is not named in kebab-case";
    },
  },
  {
    name: "packages-introduce-themselves",
    broken: ({ path: file, text }) =>
      /^packages\/[^/]+\/src\/index\.ts$/.test(file) && !text.startsWith("/**")
        ? "does not begin with a comment that says what the package is for and what it leaves alone"
        : undefined,
  },
  {
    name: "no-binaries",
    broken: ({ path: file, text }) => (file.endsWith(".o") || text.includes(NUL) ? "is binary: build it, do not keep it" : undefined),
  },
  {
    name: "top-level",
    broken: ({ path: file }) => {
      const [top = "", ...below] = file.split("/");
      const known = below.length > 0 ? TOP_FOLDERS.has(top) : TOP_FILES.has(top) || top.endsWith(".md");
      return known || top.startsWith(".")
        ? undefined
        : `"${top}" is new at the top level: put it below one of ${[...TOP_FOLDERS].join(", ")}`;
    },
  },
  {
    name: "no-test-left-out",
    broken: ({ path: file, text }) =>
      file.endsWith(".test.ts") && /\b(test|it|describe|suite)\.(only|skip|todo)\b|\b(only|skip|todo): true\b/.test(text)
        ? "leaves a test out, or runs only one: make it run, or remove it"
        : undefined,
  },
  {
    name: "named-exports",
    broken: ({ path: file, text }) =>
      file.endsWith(".ts") && /^export default\b/m.test(text) && !DEFAULT_EXPORT_NEEDED.has(file)
        ? "has a default export: name it, so that every importer calls it the same"
        : undefined,
  },
  {
    name: "explained-exports",
    broken: ({ path: file, text }) => {
      if (!/^(packages|services|infra)\/.*\.ts$/.test(file) || GENERATED.test(file) || file.endsWith(".test.ts")) return undefined;
      const bare = undocumentedExport(text);
      return bare === undefined ? undefined : `exports ${bare} without a comment that says what it is`;
    },
  },
];

/** The first exported function, type or constant without a comment above it; one-line neighbours may share the first one's. */
function undocumentedExport(text: string): string | undefined {
  const lines = text.split("\n");
  const explained = (index: number): boolean => {
    const above = lines[index - 1]?.trim() ?? "";
    return /\*\/$|^\/\//.test(above) || (EXPORT.test(above) && above.endsWith(";") && explained(index - 1));
  };
  const at = lines.findIndex((line, index) => EXPORT.test(line) && !explained(index));
  return at < 0 ? undefined : EXPORT.exec(lines[at] ?? "")?.[1];
}

const EXPORT = /^export (?:async )?(?:function\*?|type|interface|class|const) (\w+)/;

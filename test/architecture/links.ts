import path from "node:path";

const FENCED = /^```[^]*?^```/gm;

/** A heading's anchor, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}

function anchorsOf(text: string): readonly string[] {
  return [...text.replaceAll(FENCED, "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

/**
 * What is wrong with the links of a document that lead to files beside it.
 * @param document path from the root.
 * @param read the text of a file or folder by its path from the root; nothing where there is none.
 */
export function brokenLinks(document: string, read: (file: string) => string | undefined): readonly string[] {
  const text = (read(document) ?? "").replaceAll(FENCED, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = "", anchor] = target.split("#");
    const aim = file === "" ? document : path.posix.join(path.posix.dirname(document), file);
    const found = read(aim);
    if (found === undefined) return [`${document}: ${target} leads nowhere`];
    if (anchor === undefined || anchorsOf(found).includes(anchor)) return [];
    return [`${document}: ${file === "" ? document : file} has no heading #${anchor}`];
  });
}

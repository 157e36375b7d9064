/** The few pages that people see: plain HTML, no script but the one line that posts a form on. Whatever comes from outside is escaped. */

/** A page and its status. */
export type Page = { readonly status: number; readonly html: string };

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (one) => `&#${one.codePointAt(0)};`);
}

function page(title: string, content: string, status = 200): Page {
  const style =
    "body{font:16px system-ui;max-width:28rem;margin:4rem auto;padding:0 1rem}label,button{display:block;margin:1rem 0}input{width:100%}";
  const head = `<meta charset="utf-8"><title>${escape(title)}</title><style>${style}</style>`;
  return { status, html: `<!doctype html><html lang="en"><head>${head}</head><body><h1>${escape(title)}</h1>${content}</body></html>` };
}

function hidden(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)
    .join("");
}

const PERSON = [
  `<label>User name <input name="username" autocomplete="username" required></label>`,
  `<label>Password <input name="password" type="password" autocomplete="current-password" required></label>`,
].join("");

function alert(problem: string | undefined): string {
  return problem === undefined ? "" : `<p role="alert">${escape(problem)}</p>`;
}

/** Asks who somebody is, for an application. `fields` are what it asked with, and come back with the answer. */
export function signInPage(application: string, fields: Readonly<Record<string, string>>, problem?: string): Page {
  const form = `<form method="post">${hidden(fields)}${PERSON}<button>Sign in</button></form>`;
  return page(`Sign in to ${application}`, `${alert(problem)}${form}`, problem === undefined ? 200 : 401);
}

/** Asks for the code that a device shows, and for who allows it. */
export function devicePage(userCode: string, problem?: string): Page {
  const code = `<label>Code <input name="user_code" value="${escape(userCode)}" autocomplete="off" required></label>`;
  const buttons = `<button name="answer" value="allow">Allow</button><button name="answer" value="deny">Decline</button>`;
  const warning = "<p>Type a code only that a program of yours is showing right now.</p>";
  return page(
    "Sign in on a device",
    `${alert(problem)}${warning}<form method="post">${code}${PERSON}${buttons}</form>`,
    problem === undefined ? 200 : 401,
  );
}

/** Tells something, and that is all. */
export function messagePage(title: string, text: string, status = 200): Page {
  return page(title, `<p>${escape(text)}</p>`, status);
}

/** The line that posts the form below at once; its hash stands in the page's policy. */
export const POST_ON = "document.forms[0].submit()";

/** Posts fields to another address (`response_mode=form_post`), by itself where scripts run. */
export function postOnPage(action: string, fields: Readonly<Record<string, string>>): Page {
  const form = `<form method="post" action="${escape(action)}">${hidden(fields)}<button>Continue</button></form>`;
  return page("Signed in", `${form}<script>${POST_ON}</script>`);
}

/** A browser as far as a sign-in needs one: opens the page that it is told, and sends the form that is on it. */
const page = await fetch(process.argv[2] ?? "");
const html = await page.text();
const unescaped = (text: string): string => text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
const action = unescaped(/<form method="post" action="([^"]*)"/.exec(html)?.[1] ?? "");
const fields = [...html.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, name = "", value = ""]): [string, string] => [
  name,
  unescaped(value),
]);
await fetch(action, { method: "POST", body: new URLSearchParams(fields) });

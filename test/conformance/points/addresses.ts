import type { Point } from "../point.ts";
import { ask, get, hides, matches, mentions, ok, put, refused } from "./parts.ts";

const CORRELATION = "6f1d8c1e-1f5e-4b7e-9a53-0c2f7d0a9b11";
const CLIENT_REQUEST = "0d7a3f7c-2f47-4a51-8a3f-55a2a6d0c001";

/** F1 1–11: addresses, versions, tokens, headers. */
export const addressPoints: readonly Point[] = [
  {
    id: "F1-1",
    what: "any URL without api-version, with and without a token",
    expected: "400 MissingApiVersionParameter",
    steps: [
      ask({ url: "{C}" }, refused(400, "MissingApiVersionParameter")),
      ask({ url: "{C}", as: "nobody" }, refused(400, "MissingApiVersionParameter")),
      ask({ url: "/anything", as: "nobody" }, refused(400, "MissingApiVersionParameter")),
    ],
  },
  {
    id: "F1-2",
    what: "GET C with api-version=1999-01-01",
    expected: "400 NoRegisteredProviderFound that lists the versions",
    steps: [
      ask({ url: "{C}?api-version=1999-01-01" }, refused(400, "NoRegisteredProviderFound", { "error.message": mentions("2026-04-01") })),
    ],
  },
  {
    id: "F1-3",
    what: "GET C with the key API-VERSION",
    expected: "200",
    steps: [ask({ url: "{C}?API-VERSION={version}" }, ok({ name: "{name}" }))],
  },
  {
    id: "F1-4",
    what: "GET C in other letter cases",
    expected: "200, id in the stored casing",
    steps: [
      get("{C}", ok(), { id: "id" }),
      get("{C:upper}", ok({ id: { check: "saved", name: "id" } })),
      get("{C:lower}", ok({ id: { check: "saved", name: "id" } })),
    ],
  },
  { id: "F1-5", what: "GET C with // after the namespace", expected: "200", steps: [get("{C:doubled}", ok({ name: "{name}" }))] },
  { id: "F1-6", what: "GET C with a slash at the end", expected: "200", steps: [get("{C}/", ok({ name: "{name}" }))] },
  {
    id: "F1-7",
    what: "no token",
    expected: "401 with WWW-Authenticate: Bearer authorization_uri=…",
    steps: [
      ask(
        { url: "{C}?{V}", as: "nobody" },
        {
          status: 401,
          code: "AuthenticationFailed",
          headers: { "www-authenticate": matches(/^Bearer authorization_uri="https:/) },
        },
      ),
    ],
  },
  {
    id: "F1-8",
    what: "a token for another audience",
    expected: "401 InvalidAuthenticationTokenAudience",
    steps: [ask({ url: "{C}?{V}", as: "wrongAudience" }, refused(401, "InvalidAuthenticationTokenAudience"))],
  },
  {
    id: "F1-9",
    what: "replies of every kind, with x-ms-correlation-request-id",
    expected: "x-ms-request-id always; the correlation id is the one sent",
    steps: [
      { url: "{C}?{V}", status: 200 },
      { url: "{C}", status: 400 },
      { url: "{N}?{V}", status: 404 },
      { url: "{C}?{V}", as: "nobody" as const, status: 401 },
    ].map(({ status, ...request }) =>
      ask(
        { ...request, headers: { "x-ms-correlation-request-id": CORRELATION } },
        { status, headers: { "x-ms-request-id": matches(/^[0-9a-f-]{36}$/), "x-ms-correlation-request-id": CORRELATION } },
      ),
    ),
  },
  {
    id: "F1-10",
    what: "x-ms-return-client-request-id: true, and without it",
    expected: "x-ms-client-request-id comes back only when asked for",
    steps: [
      ask(
        { url: "{C}?{V}", headers: { "x-ms-client-request-id": CLIENT_REQUEST, "x-ms-return-client-request-id": "true" } },
        { status: 200, headers: { "x-ms-client-request-id": CLIENT_REQUEST } },
      ),
      ask(
        { url: "{C}?{V}", headers: { "x-ms-client-request-id": CLIENT_REQUEST } },
        { status: 200, headers: { "x-ms-client-request-id": { check: "absent" } } },
      ),
    ],
  },
  {
    id: "F1-11",
    what: "PUT with x-ms-arm-resource-system-data and x-ms-client-* of the client's own",
    expected: "systemData knows nothing of them",
    cluster: "fresh",
    steps: [
      ask(
        {
          method: "PUT",
          url: "{C}?{V}",
          json: { location: "{location}", tags: { forged: "no" } },
          headers: {
            "x-ms-arm-resource-system-data": '{"lastModifiedBy":"mallory","createdBy":"mallory"}',
            "x-ms-client-principal-name": "mallory",
            "x-ms-client-principal-id": "mallory",
          },
        },
        ok({ systemData: hides("mallory"), "tags.forged": "no" }),
      ),
      put("{C}", { location: "{location}", tags: {} }, ok({ systemData: hides("mallory") })),
    ],
  },
];

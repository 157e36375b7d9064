import { checkAssertion, type AssertionRules } from "./client-assertion.ts";
import { clientOf, isConfidential, sameSecret, type Client, type Tenant } from "./directory.ts";
import type { Proof } from "./issued-tokens.ts";
import { Refusal } from "./refusal.ts";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** The application that asks. @throws Refusal `malformed`, `unknownClient` */
export function requireClient(tenant: Tenant, clientId: string | null): Client {
  if (clientId === null || clientId === "") throw new Refusal("malformed", "client_id");
  const client = clientOf(tenant, clientId);
  if (client === undefined) throw new Refusal("unknownClient", clientId.slice(0, 64));
  return client;
}

/**
 * Lets an application prove who it is, by what it has registered: a secret, or an assertion. A public one must show nothing.
 * @throws Refusal
 */
export async function authenticateClient(client: Client, form: URLSearchParams, rules: AssertionRules): Promise<Proof> {
  const [secret, assertion] = [form.get("client_secret"), form.get("client_assertion")];
  if (!isConfidential(client)) {
    if (secret !== null || assertion !== null) throw new Refusal("publicClient");
    return "0";
  }
  if (assertion !== null) {
    if (form.get("client_assertion_type") !== ASSERTION_TYPE) throw new Refusal("malformed", "client_assertion_type");
    await checkAssertion(client, assertion, rules);
    return "2";
  }
  if (secret === null || secret === "") throw new Refusal("noCredential");
  if (client.secret === undefined || !sameSecret(secret, client.secret)) throw new Refusal("wrongSecret");
  return "1";
}

/**
 * What the development authority is told by its environment; read once, in `main.ts`.
 *
 * | variable | meaning | default |
 * |--|--|--|
 * | HOSTROUTING_AUTHORITY_PORT | port on loopback, plain HTTP: the control plane forwards to it; 0 takes a free one | – |
 * | HOSTROUTING_AUTHORITY_PUBLIC_URL | address under which clients see it: the control plane's, without a slash at the end | – |
 * | HOSTROUTING_AUTHORITY_KEY_FILE | private key (JWK), made with mode 0600 when absent | – |
 * | HOSTROUTING_AUTHORITY_TENANT_ID, HOSTROUTING_AUTHORITY_CLIENT_ID | the installation's own tenant and client, GUIDs | – |
 * | HOSTROUTING_AUTHORITY_CLIENT_SECRET_FILE | file with the client's secret, mode 0600; never in argv or environment | – |
 * | HOSTROUTING_AUTHORITY_DIRECTORY_FILE | more tenants, clients and people, JSON, mode 0600; see directory-file.ts | none |
 * | HOSTROUTING_AUTHORITY_APPROVE_AS | tests only: a person's name, as whom device codes and sign-ins are approved at once | nobody |
 * | HOSTROUTING_LOG_LEVEL | as for the control plane | info |
 */
import { integer, readConfig, text, url } from "@hostrouting/runtime";

function guid(value: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) throw new Error("must be a GUID");
  return value.toLowerCase();
}

/** Reads and checks the environment. @throws ConfigError naming every variable that is missing or wrong. */
export function readAuthorityConfig(env: Readonly<Record<string, string | undefined>>) {
  return readConfig(
    {
      port: { env: "HOSTROUTING_AUTHORITY_PORT", parse: integer(0, 65_535) },
      publicUrl: { env: "HOSTROUTING_AUTHORITY_PUBLIC_URL", parse: (value: string) => url(value).replace(/\/+$/, "") },
      keyFile: { env: "HOSTROUTING_AUTHORITY_KEY_FILE", parse: text },
      tenantId: { env: "HOSTROUTING_AUTHORITY_TENANT_ID", parse: guid },
      clientId: { env: "HOSTROUTING_AUTHORITY_CLIENT_ID", parse: guid },
      clientSecretFile: { env: "HOSTROUTING_AUTHORITY_CLIENT_SECRET_FILE", parse: text },
      directoryFile: { env: "HOSTROUTING_AUTHORITY_DIRECTORY_FILE", parse: text, fallback: "" },
      approveAs: { env: "HOSTROUTING_AUTHORITY_APPROVE_AS", parse: text, fallback: "" },
      logLevel: { env: "HOSTROUTING_LOG_LEVEL", parse: text, fallback: "info" },
    },
    env,
  );
}

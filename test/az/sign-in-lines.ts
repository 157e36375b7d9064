import type { Line } from "./line.ts";

const asApplication = ["GET openid configuration", "POST token", "GET subscriptions"];

/** Pointing az at an installation (arm-contract C1) and every way to sign in (C2, C3). */
export const signInLines: readonly Line[] = [
  {
    az: "login --service-principal -u {client} -p wrong --tenant {tenant}",
    exit: 1,
    requests: ["GET openid configuration", "POST token 401"],
    tells: /AADSTS7000215: Invalid client secret/,
    isFresh: true,
  },
  {
    az: "login --service-principal -u {federatedClient} --federated-token {federatedToken} --tenant {tenant}",
    requests: asApplication,
    prints: /"type": "servicePrincipal"/,
    isFresh: true,
  },
  {
    az: "login --service-principal -u {federatedClient} --federated-token {federatedToken}x --tenant {tenant}",
    exit: 1,
    requests: ["GET openid configuration", "POST token 401"],
    tells: /AADSTS700027/,
    isFresh: true,
  },
  {
    az: "login --use-device-code",
    requests: [
      ...["GET openid configuration", "POST devicecode", "POST token", "GET tenants"],
      ...["GET openid configuration", "POST token", "GET subscriptions"],
    ],
    prints: /"name": "developer@hostrouting.test",\s+"type": "user"/,
    tells: /enter the code [A-Z]{9} to authenticate/,
    isFresh: true,
  },
  {
    az: "login --tenant {tenant}",
    requests: ["GET openid configuration", "GET authorize", "POST token", "GET subscriptions"],
    prints: /"name": "developer@hostrouting.test",\s+"type": "user"/,
    isFresh: true,
  },
  {
    az: "login --service-principal -u {client} -p {secret} --tenant {tenant}",
    requests: asApplication,
    prints: /"name": "Tests"/,
  },
  { az: "group show -n Lab --query location -o tsv", requests: ["GET group"], prints: /^westeurope$/m },
  { az: "account list-locations --query [].name -o tsv", requests: ["GET locations"], prints: /^westeurope$/m },
  {
    az: "provider show -n Microsoft.ContainerService --query registrationState -o tsv",
    requests: ["GET provider"],
    prints: /^Registered$/m,
  },
  { az: "account show --query user.name -o tsv", requests: [], prints: /^44444444-/ },
];

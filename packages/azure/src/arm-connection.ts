/** Where an ARM endpoint is, as whom to speak to it, and of which cluster. */
export type ArmConnection = {
  /** Base URL of the ARM endpoint, which is its own authority host in development. */
  readonly arm: string;
  /** PEM file of the CA that vouches for it; absent when a public one does. */
  readonly caFile?: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly cluster: string;
};

/** What a role allows: patterns of actions, in which `*` stands for anything, less those of `notActions`. Letter case does not matter. */
export type Role = {
  /** GUID in lower case; of Azure's roles the one that they have there. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
};

const AUTHORIZATION = "Microsoft.Authorization";
const CLUSTERS = "Microsoft.ContainerService/managedClusters";

/** May do everything, and give rights away. */
export const ownerRole: Role = {
  id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  name: "Owner",
  description: "Grants full access to manage all resources, including the ability to assign roles.",
  actions: ["*"],
  notActions: [],
};

/** May do everything but give rights away. */
export const contributorRole: Role = {
  id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  name: "Contributor",
  description: "Grants full access to manage all resources, but does not allow you to assign roles.",
  actions: ["*"],
  notActions: [`${AUTHORIZATION}/*/Delete`, `${AUTHORIZATION}/*/Write`, `${AUTHORIZATION}/elevateAccess/Action`],
};

/** May look at everything. */
export const readerRole: Role = {
  id: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  name: "Reader",
  description: "View all resources, but does not allow you to make any changes.",
  actions: ["*/read"],
  notActions: [],
};

/** May look at everything and give rights away, and change nothing else. */
export const userAccessAdministratorRole: Role = {
  id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
  name: "User Access Administrator",
  description: "Lets you manage user access to resources.",
  actions: ["*/read", `${AUTHORIZATION}/*`],
  notActions: [],
};

/** Ours: runs rollouts of clusters that others made and own. The GUID is fixed for ever, since assignments name it. */
export const hostRoutingOperatorRole: Role = {
  id: "6f1b6d0c-9d3e-4c55-8a0e-5d1c3a7e9b42",
  name: "Host Routing Operator",
  description:
    "Lets you watch and steer host routing of managed clusters: policy, pauses, gates, nodes, upgrades; not the clusters themselves.",
  actions: [
    `${CLUSTERS}/read`,
    `${CLUSTERS}/hostRoutings/*`,
    `${CLUSTERS}/maintenanceConfigurations/read`,
    "Microsoft.ContainerService/locations/operations/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
  ],
  notActions: [],
};

/** All roles that there are: people cannot make roles of their own. */
export const builtInRoles: readonly Role[] = [ownerRole, contributorRole, readerRole, userAccessAdministratorRole, hostRoutingOperatorRole];

/**
 * Truth about desire: managed clusters, their operations, what each node has gone through, who may act, and what happened.
 *
 * Everything on Postgres; the database's clock decides leases and due times. One accepted request is one transaction,
 * one round of a worker is one transaction, and neither spans network I/O elsewhere.
 */
export { openStore, type Aggregates, type Store } from "./open-store.ts";
export type { Trial } from "./trial.ts";
export { upgradeChange } from "./begin-upgrade.ts";
export type { AssessmentStore, OpenAssessment } from "./assessments.ts";
export type { AuditEntry, AuditStore } from "./audit.ts";
export { AUDIT_GENESIS, verifyAudit, type AuditFault, type AuditHead, type AuditRow } from "./verify-audit.ts";
export { ensureOwner, type NewOwner } from "./ensure-owner.ts";
export type { GrantQuestion, NewRoleAssignment, RoleAssignment, RoleAssignmentStore } from "./role-assignments.ts";
export type { ClusterCondition } from "./cluster-condition.ts";
export type { ClusterChange, ClusterStore, LockedCluster, NewOperation } from "./clusters.ts";
export type { DeploymentStore, NewDeployment } from "./deployments.ts";
export type { DeploymentEnd, DeploymentProgress, StepProgress } from "./deployment-progress.ts";
export type { GroupRemoval, GroupRemovalStore, GroupRemover, NewGroupRemoval, OpenRemoval } from "./group-removals.ts";
export type { DirectoryStore, KnownResourceGroup, ResourceGroup, Subscription } from "./directory.ts";
export type { ScopeAddress, ScopeFacts } from "./scope-facts.ts";
export type { FullResourceGroup, GroupDecision, ResourceGroupStore } from "./resource-groups.ts";
export {
  subscriptionStates,
  type DeletedSubscription,
  type FeatureState,
  type NewsOutcome,
  type SubscriptionNews,
  type SubscriptionState,
  type SubscriptionStore,
} from "./subscriptions.ts";
export type { ClusterLease, LeaseStore } from "./cluster-lease.ts";
export type { OperationStore } from "./operations.ts";
export type { Follower, OperationFollowerStore } from "./operation-followers.ts";
export type { ClaimRequest, ProvisioningRecorded, ProvisioningStore } from "./provisioning.ts";
export type { ClusterRound, RecordOutcome, RoundRecord, RoundStore } from "./rounds.ts";
export type { HistoryRow } from "./history.ts";
/** Declared in the domain, kept here for those who only know the store. */
export type { HistoryEntry, HostRoutingStatus, HostRoutingCondition, HostRoutingNodeStatus } from "@hostrouting/domain";

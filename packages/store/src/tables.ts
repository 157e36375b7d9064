import type {
  AccelerationMode,
  AssessmentId,
  AssessmentReport,
  ClusterId,
  DeploymentError,
  DeploymentId,
  DeploymentMode,
  DeploymentState,
  DeploymentStep,
  DeploymentStepKind,
  DeploymentTarget,
  Driver,
  HostRoutingStatus,
  MaintenanceConfigurations,
  OperationControl,
  OperationError,
  OperationId,
  OperationKind,
  OperationPhase,
  OperationResource,
  ProvisionedFacts,
  Provider,
  ProvisioningPhase,
  ProvisioningState,
  RolloutPolicy,
  StepFaults,
  SystemData,
  UserCredentialReferences,
} from "@hostrouting/domain";
import type { ColumnType, Generated } from "kysely";
import type { GroupRemover } from "./group-removals.ts";

/** A JSON column: objects come out, text goes in (the driver would take an array for a Postgres array). */
type Json<T> = ColumnType<T, string, string>;

/** Row shapes, one type per table of `migrations/`. Mapped to domain types in the file of each aggregate and nowhere else. */
export type Tables = {
  subscription: {
    id: string;
    tenant_id: string;
    display_name: string;
    state: string;
    registered_at: ColumnType<Date | null, string | undefined, string>;
    properties: ColumnType<Record<string, unknown>, string | undefined, string>;
  };
  resource_group: {
    subscription_id: string;
    name: string;
    display_name: string;
    location: string;
    tags: ColumnType<Record<string, string>, string | undefined, string>;
    managed_by: ColumnType<string | null, string | null | undefined, string | null>;
  };
  group_removal: {
    id: string;
    subscription_id: string;
    name: string;
    principal: ColumnType<GroupRemover, string, never>;
    correlation_id: string;
    error: ColumnType<OperationError | null, string | null | undefined, string | null>;
    started_at: Generated<Date>;
    ended_at: ColumnType<Date | null, never, unknown>;
  };
  subscription_feature: { subscription_id: string; name: string; state: "Registered" | "NotRegistered" };
  role_assignment: {
    tenant_id: string;
    id: string;
    scope: string;
    display_scope: string;
    principal_id: string;
    principal_type: string;
    role_id: string;
    description: string | null;
    created_by: string;
    created_at: Generated<Date>;
    updated_by: ColumnType<string | null, never, string>;
    updated_at: ColumnType<Date | null, never, unknown>;
  };
  audit_chain: { subscription_id: string; seq: number; hash: string };
  audit: { subscription_id: string; seq: number; at: Date; content: string; hash: string };
  managed_cluster: {
    id: ClusterId;
    subscription_id: string;
    resource_group: string;
    resource_group_key: string;
    name: string;
    location: string;
    tags: Json<Record<string, string>>;
    envelope: Json<Record<string, unknown>>;
    properties: Json<Record<string, unknown>>;
    desired_mode: AccelerationMode;
    generation: number;
    etag: string;
    provisioning_state: ProvisioningState;
    active_operation_id: OperationId | null;
    provider: Provider;
    driver: Driver;
    access_reference: string;
    user_credentials: ColumnType<UserCredentialReferences | null, string | null | undefined, string | null>;
    system_data: Json<SystemData>;
  };
  operation: {
    id: OperationId;
    cluster_id: ClusterId;
    kind: OperationKind;
    mode: AccelerationMode;
    generation: number;
    phase: OperationPhase;
    percent_complete: number;
    error: Json<OperationError> | null;
    cancel_requested: boolean;
    control: Json<OperationControl>;
    revision: number;
    resource: ColumnType<OperationResource, unknown, never>;
    tenant_id: string;
    object_id: string;
    started_at: Generated<Date>;
    ended_at: Date | null;
  };
  operation_follower: { operation_id: OperationId; tenant_id: string; object_id: string };
  cluster_round: {
    cluster_id: ClusterId;
    look_again_at: Generated<Date>;
    status: Json<HostRoutingStatus> | null;
    rollout_policy: Json<Partial<RolloutPolicy>> | null;
    maintenance: ColumnType<MaintenanceConfigurations, string | undefined, string>;
    usage_seen_at: ColumnType<Date | null, never, unknown>;
    faults: Json<StepFaults> | null;
    fault_retry_at: Date | null;
  };
  assessment: {
    id: AssessmentId;
    cluster_id: ClusterId;
    kind: "Validate" | "WhatIf";
    mode: AccelerationMode;
    rollout_policy: Json<Partial<RolloutPolicy>>;
    state: "Pending" | "Succeeded" | "Failed" | "Canceled";
    report: Json<AssessmentReport> | null;
    error: Json<OperationError> | null;
    tenant_id: string;
    object_id: string;
    requested_at: Generated<Date>;
    ended_at: Date | null;
  };
  deployment: {
    id: DeploymentId;
    subscription_id: string;
    resource_group: string;
    resource_group_key: string;
    name: string;
    run_id: OperationId;
    mode: DeploymentMode;
    state: DeploymentState;
    correlation_id: string;
    template_hash: string;
    principal: Json<Record<string, unknown>>;
    input: Json<Record<string, unknown>>;
    shown: Json<Record<string, unknown>>;
    has_secrets: boolean;
    outputs: Json<Record<string, unknown>> | null;
    error: Json<DeploymentError> | null;
    holder: string;
    token: number;
    expires_at: Date;
    started_at: Generated<Date>;
    ended_at: Date | null;
  };
  deployment_step: {
    run_id: OperationId;
    key: string;
    id: string;
    kind: DeploymentStepKind;
    target: Json<DeploymentTarget> | null;
    state: DeploymentStep["state"];
    status_code: number | null;
    error: Json<DeploymentError> | null;
    follow_url: string | null;
    started_at: Generated<Date>;
    ended_at: Date | null;
  };
  usage_interval: {
    cluster_id: ClusterId;
    node_uid: string;
    boot_id: string;
    pool: string;
    opened_at: Date;
    charged_until: Date;
    closed_at: Date | null;
  };
  usage_charge: {
    cluster_id: ClusterId;
    node_uid: string;
    opened_at: Date;
    day: ColumnType<string, string, never>;
    is_correction: boolean;
    pool: string;
    ms: number;
  };
  provisioning: {
    cluster_id: ClusterId;
    provider: Provider;
    phase: ProvisioningPhase;
    present: boolean;
    wanted: number;
    done: Generated<number>;
    attempts: Generated<number>;
    said: Generated<string>;
    facts: ColumnType<ProvisionedFacts | null, string | null | undefined, string | null>;
    holder: string | null;
    token: Generated<number>;
    expires_at: ColumnType<Date | null, never, unknown>;
    look_again_at: ColumnType<Date, unknown, unknown>;
  };
  node_rollout: { cluster_id: ClusterId; node_uid: string; record: Json<Record<string, unknown>> };
  cluster_lease: { cluster_id: ClusterId; holder: string; token: number; expires_at: Date };
  history: { cluster_id: ClusterId; seq: number; at: Generated<Date>; kind: string; data: Json<Record<string, unknown>> };
  history_counter: { cluster_id: ClusterId; seq: number };
};

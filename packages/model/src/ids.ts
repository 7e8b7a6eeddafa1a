import * as z from "zod";

const id = z.uuid();

/** An organisation: every row belongs to one. */
export const TenantId = id.brand<"TenantId">();
export type TenantId = z.infer<typeof TenantId>;

export const DeviceId = id.brand<"DeviceId">();
export type DeviceId = z.infer<typeof DeviceId>;

export const GroupId = id.brand<"GroupId">();
export type GroupId = z.infer<typeof GroupId>;

export const ReleaseId = id.brand<"ReleaseId">();
export type ReleaseId = z.infer<typeof ReleaseId>;

/** What keeps a release from some devices until it is lifted. */
export const SafeguardId = id.brand<"SafeguardId">();
export type SafeguardId = z.infer<typeof SafeguardId>;

export const ArtifactId = id.brand<"ArtifactId">();
export type ArtifactId = z.infer<typeof ArtifactId>;

/** A file on its way to becoming an artifact. */
export const UploadId = id.brand<"UploadId">();
export type UploadId = z.infer<typeof UploadId>;

export const DeploymentId = id.brand<"DeploymentId">();
export type DeploymentId = z.infer<typeof DeploymentId>;

export const AssignmentId = id.brand<"AssignmentId">();
export type AssignmentId = z.infer<typeof AssignmentId>;

export const BulkChangeId = id.brand<"BulkChangeId">();
export type BulkChangeId = z.infer<typeof BulkChangeId>;

export const EnrolmentTokenId = id.brand<"EnrolmentTokenId">();
export type EnrolmentTokenId = z.infer<typeof EnrolmentTokenId>;

export const ControllerGatewayId = id.brand<"ControllerGatewayId">();
export type ControllerGatewayId = z.infer<typeof ControllerGatewayId>;

export const PreauthorisationId = id.brand<"PreauthorisationId">();
export type PreauthorisationId = z.infer<typeof PreauthorisationId>;

/** Metadata of a tenant's repository that waits for its signatures. */
export const TrustProposalId = id.brand<"TrustProposalId">();
export type TrustProposalId = z.infer<typeof TrustProposalId>;

export const DeviceReceiptId = id.brand<"DeviceReceiptId">();
export type DeviceReceiptId = z.infer<typeof DeviceReceiptId>;

export const WebhookDeliveryId = id.brand<"WebhookDeliveryId">();
export type WebhookDeliveryId = z.infer<typeof WebhookDeliveryId>;

export const UserId = z.string().min(1).max(64).brand<"UserId">();
export type UserId = z.infer<typeof UserId>;

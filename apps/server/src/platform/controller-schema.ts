import type {
  AssignmentId,
  ControllerGatewayId,
  DeviceId,
  HardwareType,
  ProductName,
  Sha256,
  TenantId,
} from "@moult/model";
import type { Generated } from "kysely";

// The tables of devices that speak hawkBit's protocol; part of schema.ts, with the same conventions.

/** Milliseconds since the epoch. */
type At = number;
type Flag = 0 | 1;

/** What a device is known by in hawkBit's protocol; unique in its tenant, whatever its product. */
interface ControllerTable {
  tenant_id: TenantId;
  controller_id: string;
  device_id: DeviceId;
  /** Of its own token; null: it has none. */
  token_sha256: Sha256 | null;
  /** A proxy may vouch for it by its certificate. */
  uses_certificate: Flag;
  /** It is asked for its attributes until it sends them. */
  wants_attributes: Flag;
  created_at: At;
}

/** A token that speaks for the controllers that are named with it, and lets them in. */
interface ControllerGatewayTable {
  id: ControllerGatewayId;
  tenant_id: TenantId;
  product: ProductName;
  hardware_type: HardwareType;
  label: string;
  secret_sha256: Sha256;
  created_at: At;
}

interface ControllerGatewayMemberTable {
  tenant_id: TenantId;
  gateway_id: ControllerGatewayId;
  controller_id: string;
}

/** One try of one update, as a controller knows it: by a number of 31 bits that is never used again. */
export interface ControllerActionTable {
  tenant_id: TenantId;
  number: number;
  device_id: DeviceId;
  assignment_id: AssignmentId;
  attempt: number;
  /** When its client first read what it is to do. */
  fetched_at: Generated<At | null>;
  /** When a person at the device agreed to it. */
  confirmed_at: Generated<At | null>;
  /** When its client said that it is done and well. */
  written_at: Generated<At | null>;
  /** When its client ended it, or it came to nothing before the client had read it. */
  closed_at: Generated<At | null>;
  /** What the device last said of its start while its client was at it; null: nothing. */
  boot_id: Generated<string | null>;
  /** When its client last said that it goes on although the server took it back. */
  refused_at: Generated<At | null>;
}

export interface ControllerSchema {
  controller: ControllerTable;
  controller_gateway: ControllerGatewayTable;
  controller_gateway_member: ControllerGatewayMemberTable;
  controller_action: ControllerActionTable;
}

import type { Role } from "@moult/api";
import type { Sha256, TenantId, UserId } from "@moult/model";
import type { Generated } from "kysely";

// The tables of people, their ways to sign in and their keys; part of schema.ts, with the same conventions.

/** Milliseconds since the epoch. */
type At = number;
type Flag = 0 | 1;

/** An instant as better-auth writes it: ISO text in UTC, which sorts by time. */
type IsoText = string;

/** A person. The `auth_` tables are better-auth's; here are the columns that others touch. */
interface AuthUserTable {
  id: UserId;
  name: string;
  /** In lower case. */
  email: string;
  email_verified: Flag;
  created_at: IsoText;
  updated_at: IsoText;
}

/** How a person signs in. */
interface AuthAccountTable {
  id: string;
  user_id: UserId;
  account_id: string;
  provider_id: string;
  /** better-auth's hash of it. */
  password: string | null;
  created_at: IsoText;
  updated_at: IsoText;
}

interface AuthSessionTable {
  id: string;
  user_id: UserId;
  expires_at: IsoText;
}

/** Whose fleet a person works on, and in which role. */
interface OperatorTable {
  user_id: UserId;
  tenant_id: TenantId;
  role: Role;
  created_at: At;
  /** The name of whoever did; null for the first administrator. */
  invited_by: Generated<string | null>;
}

/** A place that somebody was offered; the row goes when it is taken. */
export interface InvitationTable {
  id: string;
  tenant_id: TenantId;
  /** In lower case; one invitation for each. */
  email: string;
  role: Role;
  code_sha256: Sha256;
  invited_by: string;
  /** Whose invitations end with what they may. */
  invited_by_user: UserId;
  created_at: At;
  expires_at: At;
}

export interface ApiKeyTable {
  id: string;
  tenant_id: TenantId;
  /** Who made it; it never may more than that operator may now. */
  user_id: UserId;
  name: string;
  role: Role;
  /** The first characters of the secret, to tell keys apart. */
  start: string;
  secret_sha256: Sha256;
  created_at: At;
  expires_at: At | null;
  /** To within a minute. */
  last_used_at: At | null;
}

export interface OperatorSchema {
  auth_user: AuthUserTable;
  auth_account: AuthAccountTable;
  auth_session: AuthSessionTable;
  operator: OperatorTable;
  api_key: ApiKeyTable;
  invitation: InvitationTable;
}

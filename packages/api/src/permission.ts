/** What a person or an API key may be allowed to do. */
export const PERMISSIONS = [
  "fleet:read",
  "devices:write",
  "groups:write",
  "releases:write",
  "deployments:write",
  "trust:propose",
  "trust:write",
  "products:write",
  "enrolment:write",
  "people:write",
  "self",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Roles of a tenant, from least to most. `publisher` is for CI: it uploads and deploys, and cannot admit devices. */
export const ROLES = ["viewer", "publisher", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

const VIEWER = ["fleet:read", "self"] as const;
const PUBLISHER = [...VIEWER, "releases:write", "deployments:write", "trust:propose"] as const;
const OPERATOR = [...PUBLISHER, "devices:write", "groups:write", "enrolment:write"] as const;

const PERMISSIONS_OF: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: VIEWER,
  publisher: PUBLISHER,
  operator: OPERATOR,
  admin: PERMISSIONS,
};

/** All that a role allows, for whoever shows only what is allowed. */
export const permissionsOf = (role: Role): Permission[] =>
  PERMISSIONS.filter((permission) => may(role, permission));

/** Whether a role allows what an operation demands; the one place that decides it. */
export function may(role: Role, permission: Permission): boolean {
  return PERMISSIONS_OF[role].includes(permission);
}

import type { Permission } from "@moult/api";
import { useMe } from "./me.ts";

/** Why this person may not do it, for a button that stays visible; undefined when they may. */
export function useRefusal(permission: Permission): string | undefined {
  const { permissions, role } = useMe();
  return permissions.includes(permission) ? undefined : `your role, ${role}, does not allow it`;
}

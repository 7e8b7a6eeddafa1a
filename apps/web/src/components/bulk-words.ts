import { counted } from "../format/number.ts";
import type { BulkAction } from "@moult/model";

/** "Accept 12 devices", "Add 12 devices to the group". */
export function bulkTitle(action: Pick<BulkAction, "kind">, devices: number | null): string {
  const those = devices === null ? "devices" : counted(devices, "device");
  switch (action.kind) {
    case "accept":
      return `Accept ${those}`;
    case "reject":
      return `Refuse ${those}`;
    case "decommission":
      return `Decommission ${those}`;
    case "add-to-group":
      return `Add ${those} to the group`;
    case "remove-from-group":
      return `Remove ${those} from the group`;
  }
}

import { changeMembers } from "../actions/change-members.ts";

export const groupRemove = changeMembers({
  operation: "removeFromGroup",
  kind: "remove-from-group",
  example: "moult group remove canaries gw-17",
});

import { changeMembers } from "../actions/change-members.ts";

export const groupRemove = changeMembers({
  operation: "removeFromGroup",
  example: "moult group remove canaries gw-17",
});

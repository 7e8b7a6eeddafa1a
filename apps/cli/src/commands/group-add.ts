import { changeMembers } from "../actions/change-members.ts";

export const groupAdd = changeMembers({
  operation: "addToGroup",
  example: "moult group add canaries 00:11:22:33:44:55 gw-17",
});

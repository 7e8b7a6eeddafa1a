import { changeMembers } from "../actions/change-members.ts";

export const groupAdd = changeMembers({
  operation: "addToGroup",
  kind: "add-to-group",
  example:
    "moult group add canaries 00:11:22:33:44:55 gw-17\nmoult group add canaries --product gw2 --attribute region=eu",
});

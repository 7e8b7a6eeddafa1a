export { checkedQuery } from "./change-group.ts";
export { dynamicGroupsOf } from "./dynamic-groups.ts";
export { findGroup } from "./find-group.ts";
export { groupFacts, type GroupFacts } from "./group-facts.ts";
export { groupQuery } from "./group-query.ts";
export { holdGroup } from "./hold-group.ts";
export { holdStaticGroups, joinGroups } from "./join-groups.ts";
export { GROUP_IS_DYNAMIC, moveMembers } from "./move-members.ts";
export { createGroupHandlers } from "./operations.ts";

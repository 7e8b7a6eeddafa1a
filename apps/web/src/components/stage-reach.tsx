import { sizeWords, type StageSize } from "@moult/model";
import { Foreign } from "../ui/foreign.tsx";
import { GroupName } from "./deployment-target.tsx";

/** How far a stage reaches; a group by its name. */
export function StageReach({ size }: { readonly size: StageSize }) {
  return "groupId" in size ? (
    <>
      the group <GroupName groupId={size.groupId} />
    </>
  ) : (
    <Foreign text={sizeWords(size)} />
  );
}

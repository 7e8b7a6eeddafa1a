import { targetTermsWords, type DeploymentTarget, type ProductName } from "@moult/model";
import { counted } from "../format/number.ts";
import { useOperation } from "../server/operation-query.ts";
import { Foreign } from "../ui/foreign.tsx";
import { TextLink } from "../ui/text-link.tsx";

/** To whom a deployment goes, as a link to them where there is one. */
export function DeploymentTargetText(props: TargetProps) {
  return (
    <>
      <Members {...props} />
      {targetTermsWords(props.target).map((words) => (
        <span key={words}>
          , <Foreign text={words} />
        </span>
      ))}
    </>
  );
}

interface TargetProps {
  readonly target: DeploymentTarget;
  readonly product: ProductName;
}

function Members({ target, product }: TargetProps) {
  switch (target.kind) {
    case "all":
      return (
        <TextLink to="/devices" search={{ product, state: "accepted" }}>
          all devices of <Foreign text={product} />
        </TextLink>
      );
    case "group":
      return <GroupName groupId={target.groupId} />;
    case "query":
      return (
        <TextLink to="/devices" search={{ product, query: target.query }}>
          <Foreign text={target.query} mono />
        </TextLink>
      );
    case "devices":
      return <span>{counted(target.deviceIds.length, "chosen device")}</span>;
  }
}

/** What a group is called, as a link to it. */
export function GroupName({ groupId }: { readonly groupId: string }) {
  const { data, isError } = useOperation("showGroup", { params: { groupId } });
  if (isError) return <span className="text-soft">a group that was deleted</span>;
  return (
    <TextLink to="/groups/$groupId" params={{ groupId }}>
      {data === undefined ? "group" : <Foreign text={data.name} />}
    </TextLink>
  );
}

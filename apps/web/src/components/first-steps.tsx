import type { Reply } from "@moult/client";
import { useMe } from "../server/me.ts";
import { useOperation } from "../server/operation-query.ts";
import { Foreign } from "../ui/foreign.tsx";
import { EnrolDevice } from "./enrol-device.tsx";
import { GoStep } from "./go-step.tsx";
import { ProductStep } from "./product-step.tsx";
import { ReleaseStep } from "./release-step.tsx";
import { SigningStep } from "./signing-step.tsx";
import { Step } from "./step.tsx";

type FirstStepsDone = Reply<"showOverview">["firstSteps"];

/**
 * The way from an empty server to a first update. Each step ticks itself from what the server knows, so whoever does one at
 * the command line sees it ticked here, and leaving and coming back loses nothing.
 */
export function FirstSteps({ done }: { readonly done: FirstStepsDone }) {
  const me = useMe();
  const products = useOperation("listProducts").data?.items ?? [];
  const devices = useOperation("listDevices", { query: { state: "accepted", limit: 1 } });
  const device = devices.data?.items[0];
  const isSigning = useOperation("showTrust").data?.state === "ready";
  const steps = [
    {
      title: "You",
      isDone: true,
      content: (
        <p className="text-soft">
          <Foreign text={me.name} /> administers this server, as <Foreign text={me.email} />.
        </p>
      ),
    },
    { title: "A product", isDone: done.hasProduct, content: <ProductStep /> },
    { title: "Signing", isDone: isSigning, content: <SigningStep /> },
    { title: "A device", isDone: done.hasDevice, content: <EnrolDevice products={products} /> },
    {
      title: "A release",
      isDone: done.hasRelease,
      content: <ReleaseStep device={device} products={products} />,
    },
    { title: "Go", isDone: done.hasSuccess, content: <GoStep device={device} /> },
  ];
  const current = steps.findIndex(({ isDone }) => !isDone);
  return (
    <ol aria-label="First steps" className="flex max-w-4xl flex-col gap-2">
      {steps.map(({ title, isDone, content }, index) => (
        <Step
          key={title}
          number={index + 1}
          title={title}
          isDone={isDone}
          isCurrent={index === current}
          isOpenFirst={index === (current === -1 ? steps.length - 1 : current)}
        >
          {content}
        </Step>
      ))}
    </ol>
  );
}

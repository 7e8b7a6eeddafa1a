import type { Assignment, AssignmentState } from "@moult/model";
import { useState } from "react";
import { useAction } from "../server/use-action.ts";
import { useRefusal } from "../server/use-refusal.ts";
import { announce } from "../ui/announcer.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { toast } from "../ui/toasts.tsx";

type Order = "force" | "retry" | "cancel";

interface OrderWords {
  readonly verb: string;
  readonly done: string;
  readonly what: string;
}

const ORDERS: Readonly<Record<Order, OrderWords>> = {
  force: {
    verb: "Send ahead",
    done: "Sent ahead",
    what: "It is offered the release at its next check-in, whatever stage is open and however many are in the update. What signers do not allow it for stays refused.",
  },
  retry: {
    verb: "Retry",
    done: "Tries again",
    what: "It gets all its tries again, and its failure no longer counts. It takes its turn among the others.",
  },
  cancel: {
    verb: "Cancel the update",
    done: "Cancelled the update",
    what: "It gives the update up and keeps what it runs, and is not offered it again until somebody retries it.",
  },
};

/** What may be asked for; the server decides. */
export function ordersOf({ state, outcome }: Assignment): readonly Order[] {
  if (state === "closed" && (outcome === "succeeded" || outcome === "already-running")) return [];
  return ORDERS_OF[state] ?? [];
}

const ORDERS_OF: Readonly<Partial<Record<AssignmentState, readonly Order[]>>> = {
  offered: ["cancel"],
  downloading: ["cancel"],
  "retry-pending": ["force", "retry", "cancel"],
  closed: ["retry"],
};

export interface DeviceOrdersProps {
  readonly orders: readonly Order[];
  readonly deploymentId: string;
  readonly deviceId: string;
  readonly deviceName: string;
}

/** Buttons for one device in one deployment, each with its question. */
export function DeviceOrders({ orders, deploymentId, deviceId, deviceName }: DeviceOrdersProps) {
  const [asked, setAsked] = useState<Order>();
  const refusal = useRefusal("deployments:write");
  const change = useOrder(asked, () => {
    if (asked === undefined) return;
    const said = `${ORDERS[asked].done}: ${deviceName}`;
    toast(said);
    announce(said);
    setAsked(undefined);
  });
  return (
    <span className="flex flex-wrap gap-1">
      {orders.map((order) => (
        <Button key={order} kind="quiet" disabledReason={refusal} onClick={() => setAsked(order)}>
          {ORDERS[order].verb}…<span className="sr-only"> {deviceName}</span>
        </Button>
      ))}
      {asked !== undefined && (
        <Confirm
          isOpen
          onClose={() => setAsked(undefined)}
          title={`${ORDERS[asked].verb}: ${deviceName}?`}
          action={ORDERS[asked].verb}
          kind={asked === "cancel" ? "danger" : "primary"}
          isBusy={change.isPending}
          problem={change.error}
          onConfirm={() => change.mutate({ params: { deploymentId, deviceId } })}
        >
          <p>
            <Foreign text={ORDERS[asked].what} />
          </p>
        </Confirm>
      )}
    </span>
  );
}

function useOrder(asked: Order | undefined, onDone: () => void) {
  const options = {
    refreshes: [
      "showDeployment",
      "showDeploymentProgress",
      "listAssignments",
      "listDeviceAssignments",
      "listWaitingDevices",
      "explainDevice",
      "listEvents",
    ],
    onDone,
  } as const;
  const force = useAction("forceDevice", options);
  const retry = useAction("retryDevice", options);
  const cancel = useAction("cancelDevice", options);
  return { force, retry, cancel }[asked ?? "retry"];
}

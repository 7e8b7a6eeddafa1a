import { deviceLabel, type Device } from "@moult/model";
import { plainText } from "../format/visible-text.ts";
import { useAction } from "../server/use-action.ts";
import { Confirm } from "../ui/confirm.tsx";
import { Fingerprint } from "../ui/digest.tsx";
import { toast } from "../ui/toasts.tsx";

/** What the answer changes in lists and on the device's page. */
const REFRESHES = [
  "listDevices",
  "countDevices",
  "countMatchingDevices",
  "showDevice",
  "explainDevice",
  "showOverview",
] as const;

/** One device, or the new key of one: the fingerprint is there to be compared before anybody says yes. */
export function AdmissionDialog({
  device,
  verb,
  onClose,
  onDone,
}: {
  readonly device: Pick<
    Device,
    "id" | "name" | "identity" | "state" | "product" | "pendingKeyFingerprint" | "keyFingerprint"
  >;
  readonly verb: "accept" | "reject";
  readonly onClose: () => void;
  readonly onDone?: () => void;
}) {
  const label = plainText(deviceLabel(device));
  const isNewKey = device.state === "accepted" && device.pendingKeyFingerprint !== null;
  const done = (): void => {
    toast(verb === "accept" ? `${label} is accepted` : `${label} is refused`);
    onClose();
    onDone?.();
  };
  const accept = useAction("acceptDevice", { refreshes: REFRESHES, onDone: done });
  const reject = useAction("rejectDevice", { refreshes: REFRESHES, onDone: done });
  const acting = verb === "accept" ? accept : reject;
  const what = isNewKey ? `the new key of ${label}` : label;
  const word = verb === "accept" ? "Accept" : "Refuse";
  const fingerprint = device.pendingKeyFingerprint ?? device.keyFingerprint;
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`${word} ${what}?`}
      action={`${word} ${what}`}
      kind={verb === "accept" ? "primary" : "danger"}
      isBusy={acting.isPending}
      problem={acting.error}
      onConfirm={() => acting.mutate({ params: { deviceId: device.id } })}
    >
      {fingerprint !== null && (
        <div className="overflow-x-auto rounded-lg border border-line bg-raised p-3 text-ink">
          <Fingerprint value={fingerprint} isLarge />
        </div>
      )}
      {verb === "accept" ? (
        <p>
          Compare it with the device&apos;s label, or with what <code>moult-agent provision</code>{" "}
          printed as its key when the device was made.{" "}
          {isNewKey
            ? "The key that it has now is no longer accepted then."
            : `It takes updates of ${device.product} from then on.`}
        </p>
      ) : (
        <p>
          {isNewKey
            ? "The device keeps the key that it has, and goes on. This one is turned away."
            : "Its key is turned away until somebody accepts it after all. It gets no updates; what it runs keeps running."}
        </p>
      )}
    </Confirm>
  );
}

import type { Device, Product } from "@moult/model";
import { CommandLine } from "../ui/command-line.tsx";
import { TextLink } from "../ui/text-link.tsx";
import { firstReleaseCommand } from "./cli-commands.ts";

/** Something for the device to install: made by the command line tool, or a file that is there already. */
export function ReleaseStep({
  device,
  products,
}: {
  readonly device: Device | undefined;
  readonly products: readonly Product[];
}) {
  const product = products.find(({ name }) => name === device?.product) ?? products[0];
  if (device === undefined || product === undefined)
    return <p className="text-soft">A release is made for a kind of device; first there is one.</p>;
  const isSigned = product.requireSignature;
  return (
    <>
      <p className="max-w-prose text-soft">
        A release is a file that devices install. This one puts a folder with one text file on
        devices of type <code>{device.hardwareType}</code>. It shows what it signs, asks, and signs
        with your keys.
      </p>
      <p>Make the release, upload and sign it:</p>
      <CommandLine
        command={firstReleaseCommand({
          product: product.name,
          hardwareType: device.hardwareType,
          isSigned,
        })}
        what="command that makes, uploads and signs a release"
      />
      <p>
        Or <TextLink to="/releases/upload">upload a file</TextLink> that you have; its page says how
        to sign it. This step ticks itself when the release is there.
      </p>
    </>
  );
}

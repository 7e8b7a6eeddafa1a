import { EnrolDevice } from "../components/enrol-device.tsx";
import { useOperation } from "../server/operation-query.ts";
import { Answered, Empty } from "../ui/panel.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { TextLink } from "../ui/text-link.tsx";

export function EnrolDevicePage() {
  const answer = useOperation("listProducts");
  return (
    <>
      <PageHeader
        title="Enrol a device"
        above={<TextLink to="/devices">Devices</TextLink>}
        sentence="One command makes a device of any Linux machine."
      />
      <Answered answer={answer} what="products">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="A device needs a product first">
              <p>
                A product says what kind of thing it is and who signs for it.{" "}
                <TextLink to="/settings/products">Create a product</TextLink>
              </p>
            </Empty>
          ) : (
            <div className="flex flex-col gap-6">
              <EnrolDevice products={items} />
              <ManyDevices />
            </div>
          )
        }
      </Answered>
    </>
  );
}

function ManyDevices() {
  return (
    <section aria-label="Many devices" className="max-w-prose border-t border-line pt-4 text-soft">
      <h2 className="text-base text-ink">Many devices, or an image</h2>
      <p className="mt-1">
        Put the agent into the image and give each device a provisioning file with an{" "}
        <TextLink to="/settings/enrolment-tokens">enrolment token</TextLink> for as many devices as
        you make; <code>moult device provision</code> writes it. A factory that knows each device’s
        key preauthorises them instead.
      </p>
    </section>
  );
}

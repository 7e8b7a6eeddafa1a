import { Remarks, usePlanField } from "./plan-editing.tsx";
import { BytesAt, CheckAt, FieldRow, NumberAt, Part, TextAt } from "./plan-fields.tsx";

/** How much may go on at the same time. */
export function PlanLimits() {
  const { value: perSite } = usePlanField("limits.perSite");
  return (
    <Part title="Limits">
      <FieldRow>
        <NumberAt
          at="limits.concurrentMax"
          label="At once, at most"
          hint="devices in the update at the same time"
          whenEmpty="50"
        />
        <NumberAt
          at="limits.perMinute"
          label="Started in any minute, at most"
          hint="devices; empty: as many as may be in the update"
        />
        <BytesAt
          at="limits.bytesPerDay"
          label="Offered in any 24 hours, at most"
          hint="artifacts, whole for each try; empty: as much as it takes"
        />
      </FieldRow>
      <CheckAt
        at="limits.perSite"
        label="Limit each site"
        hint="devices with the same value of an inventory attribute"
        on={{ attribute: "site", concurrentMax: 5 }}
      />
      {perSite !== undefined && (
        <FieldRow>
          <TextAt
            at="limits.perSite.attribute"
            label="Attribute"
            hint="devices without it are one site"
          />
          <NumberAt
            at="limits.perSite.concurrentMax"
            label="Of a site, at most"
            hint="devices in the update at the same time"
            isNeeded
          />
        </FieldRow>
      )}
      <Remarks at="limits" title="the limits" />
    </Part>
  );
}

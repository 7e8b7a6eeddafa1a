import * as z from "zod";
import { ControllerGatewayId } from "./ids.ts";
import { HardwareType, Instant, ProductName } from "./names.ts";

/**
 * What a device of hawkBit's protocol calls itself; a segment of the addresses it asks at, so what would change the meaning
 * of an address is left out.
 */
export const ControllerId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:+@~-]{0,127}$/,
    "letters, digits and . _ : + @ ~ -, at most 128, first a letter or digit",
  );
export type ControllerId = z.infer<typeof ControllerId>;

/** A token for a site or a product line, which speaks for the controllers that are named here and for no other. */
export const ControllerGateway = z.object({
  id: ControllerGatewayId,
  product: ProductName,
  hardwareType: HardwareType,
  label: z.string(),
  controllerIds: z.array(ControllerId),
  createdAt: Instant,
});
export type ControllerGateway = z.infer<typeof ControllerGateway>;

import { ChannelName, ProductName } from "@moult/model";
import { usageError } from "../command-line/cli-error.ts";

export interface ChannelPlace {
  readonly product: ProductName;
  readonly channel: ChannelName;
  /** Of the role that signs for it. */
  readonly role: string;
}

/** `PRODUCT` (its channel `prod`) or `PRODUCT/CHANNEL`. */
export function channelPlace(text: string): ChannelPlace {
  const [product = "", channel = "prod", ...rest] = text.split("/");
  const named = ProductName.safeParse(product);
  const streamed = ChannelName.safeParse(channel);
  if (!named.success || !streamed.success || rest.length > 0)
    throw usageError(`"${text}" is not PRODUCT or PRODUCT/CHANNEL.`);
  return {
    product: named.data,
    channel: streamed.data,
    role: `${named.data}.${streamed.data}`,
  };
}

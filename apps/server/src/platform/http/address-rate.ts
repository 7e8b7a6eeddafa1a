import { SECOND_MS, type Clock } from "@moult/base";

/**
 * How many calls without a session one address may make: a burst for a site whose devices all start at once behind one
 * address, then a trickle. Counted per server; several servers allow so much more together.
 */
const BURST = 1_200;
const PER_SECOND = 20;
/** Addresses remembered at a time; beyond it the ones asked longest ago start afresh. */
const ADDRESSES_MAX = 50_000;

interface Bucket {
  available: number;
  filledAtMs: number;
}

export interface AddressRate {
  /** Takes one call; 0 when it is allowed, else the seconds after which to try again. */
  take(address: string): number;
  /** The same, and takes none. */
  waitSeconds(address: string): number;
}

export function createAddressRate(clock: Clock): AddressRate {
  const buckets = new Map<string, Bucket>();
  const filled = (address: string): Bucket => {
    const now = clock.now();
    const bucket = buckets.get(address) ?? { available: BURST, filledAtMs: now };
    buckets.delete(address);
    buckets.set(address, bucket);
    if (buckets.size > ADDRESSES_MAX) {
      const [oldest] = buckets.keys();
      if (oldest !== undefined) buckets.delete(oldest);
    }
    const gained = (Math.max(0, now - bucket.filledAtMs) / SECOND_MS) * PER_SECOND;
    bucket.available = Math.min(BURST, bucket.available + gained);
    bucket.filledAtMs = now;
    return bucket;
  };
  const waitFor = ({ available }: Bucket): number =>
    available < 1 ? Math.ceil((1 - available) / PER_SECOND) : 0;
  return {
    take: (address) => {
      // A proxy that is not declared, and a simulated fleet, speak for many devices from this machine.
      if (isLoopback(address)) return 0;
      const bucket = filled(address);
      const waitSeconds = waitFor(bucket);
      if (waitSeconds === 0) bucket.available -= 1;
      return waitSeconds;
    },
    waitSeconds: (address) =>
      isLoopback(address) || !buckets.has(address) ? 0 : waitFor(filled(address)),
  };
}

const isLoopback = (address: string): boolean =>
  address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");

import { hex, type Crypto } from "@moult/base";

/** How a release behaves once it is put to work. */
export type Behaviour =
  | "good"
  /** Its kernel cannot be loaded. */
  | "no-kernel"
  /** It hangs before anything of it has written or flushed anything. */
  | "hangs-early"
  /** Its agent comes up, and a while later the system stands still. */
  | "hangs-late"
  /** Its agent comes up, and a while later the kernel panics and resets. */
  | "panics"
  | "unhealthy"
  /** Healthy most of the time. */
  | "flaky"
  /** It cannot reach the server. */
  | "offline";

/** What can be installed. The device leaves the factory with number 0. */
export interface Release {
  readonly number: number;
  readonly name: string;
  readonly securityCounter: number;
  readonly behaviour: Behaviour;
  /** The version of the saved state that its agent writes. */
  readonly stateVersion: number;
}

export const BLOCK_BYTES = 4_096;

/** An image's size; the last block is not whole, as with most images. */
export const IMAGE_BYTES = 2 * BLOCK_BYTES + 1_536;

export interface Images {
  /** Bytes that differ in every block from those of any other release, or a lost write would go unseen. */
  of(release: number): Uint8Array;
  /** SHA-256 of it, in hexadecimal. */
  digestOf(release: number): string;
  /** The release whose whole image stands at the beginning of `content`; null when there is none. */
  whoseIs(content: Uint8Array): number | null;
}

/**
 * Makes images and remembers them; worlds may share them. The second block of odd releases is that of the release before,
 * so that an installer that skips what is there already has something to skip.
 */
export function createImages(sha256: Crypto["sha256"]): Images {
  const memo = new Map<number, { readonly image: Uint8Array; readonly digest: string }>();
  const known = (release: number) => {
    const found = memo.get(release);
    if (found !== undefined) return found;
    const image = makeImage(release);
    const made = { image, digest: hex(sha256(image)) };
    memo.set(release, made);
    return made;
  };
  return {
    of: (release) => known(release).image,
    digestOf: (release) => known(release).digest,
    whoseIs: (content) => {
      const release = numberIn(content);
      // Garbage may name any number, and worlds have few releases.
      if (release > RELEASE_MAX) return null;
      return isAtStart(known(release).image, content) ? release : null;
    },
  };
}

/** No world has more releases. */
const RELEASE_MAX = 32;

const numberIn = (content: Uint8Array): number =>
  ((content[0] ?? 0) << 16) | ((content[1] ?? 0) << 8) | (content[2] ?? 0);

function makeImage(release: number): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES);
  for (let block = 0; block * BLOCK_BYTES < IMAGE_BYTES; block += 1) {
    const isShared = block === 1 && release % 2 === 1;
    const end = Math.min(IMAGE_BYTES, (block + 1) * BLOCK_BYTES);
    fillBlock(image.subarray(block * BLOCK_BYTES, end), isShared ? release - 1 : release, block);
  }
  image[0] = (release >>> 16) & 0xff;
  image[1] = (release >>> 8) & 0xff;
  image[2] = release & 0xff;
  return image;
}

function fillBlock(target: Uint8Array, release: number, block: number): void {
  let state = Math.imul(release + 1, 0x9e37_79b1) ^ Math.imul(block + 1, 0x85eb_ca6b);
  for (let index = 0; index < target.length; index += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x6d2b_79f5;
    target[index] = (state >>> 11) & 0xff;
  }
}

function isAtStart(image: Uint8Array, content: Uint8Array): boolean {
  if (content.length < image.length) return false;
  for (let index = 0; index < image.length; index += 1)
    if (image[index] !== content[index]) return false;
  return true;
}

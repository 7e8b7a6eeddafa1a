import type { TrustSource } from "@moult/trust";
import { fetchBounded } from "./fetch-bounded.ts";

/** Metadata below an address that ends in `/`. */
export class HttpTrustSource implements TrustSource {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base.endsWith("/") ? base : `${base}/`;
  }

  fetch(file: string, bytesMax: number): Promise<Uint8Array | undefined> {
    return fetchBounded(`${this.#base}${file}`, bytesMax);
  }
}

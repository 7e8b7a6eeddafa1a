import { expect, test } from "vitest";
import { isPublicAddress, resolvedAddress } from "./public-address.ts";

test.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"])(
  "%s leads out",
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.0.1",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "198.19.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "2001::1",
  "fc00::1",
  "fd12::1",
  "fe80::1",
  "fec0::1",
  "ff02::1",
  "example.org",
])("%s is internal, or no address", (address) => expect(isPublicAddress(address)).toBe(false));

test.each([
  "http://localhost/",
  "http://127.1/",
  "http://0x7f000001/",
  "http://2130706433/",
  "http://0177.0.0.1/",
  "http://169.254.169.254/latest",
  "http://[::1]/",
  "http://[::ffff:169.254.169.254]/",
])(
  "a receiver at %s is refused however its address is written, and allowed on request",
  async (url) => {
    const { hostname } = new URL(url);
    expect(await resolvedAddress(hostname, false)).toBeUndefined();
    expect(await resolvedAddress(hostname, true)).toMatchObject({ address: expect.any(String) });
  },
);

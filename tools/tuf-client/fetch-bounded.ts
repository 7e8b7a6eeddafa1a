/** What an address holds, read no further than the first chunk beyond `bytesMax`; `undefined` for 403 and 404. */
export async function fetchBounded(url: string, bytesMax: number): Promise<Uint8Array | undefined> {
  const reply = await fetch(url, { redirect: "error" });
  if (reply.status === 404 || reply.status === 403) {
    await reply.body?.cancel();
    return undefined;
  }
  if (reply.status !== 200) throw new Error(`${url} answers ${reply.status}`);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of reply.body ?? []) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) break;
  }
  return Buffer.concat(chunks);
}

#!/usr/bin/env bash
# Runs the TUF conformance suite against packages/trust. TUF_CONFORMANCE names a folder with checkouts of
# theupdateframework/tuf-conformance, theupdateframework/python-tuf and secure-systems-lab/securesystemslib, each under its
# own name; python3 needs pytest and cryptography, and the system needs faketime. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

if [ -z "${TUF_CONFORMANCE:-}" ]; then
  echo "tuf-conformance: TUF_CONFORMANCE must name the folder with the checkouts (see the head of this script)" >&2
  exit 2
fi
for checkout in tuf-conformance python-tuf securesystemslib; do
  [ -d "$TUF_CONFORMANCE/$checkout" ] || { echo "tuf-conformance: no $checkout in $TUF_CONFORMANCE" >&2; exit 2; }
done
command -v faketime >/dev/null || { echo "tuf-conformance: faketime is missing" >&2; exit 2; }

client="$PWD/.build/tuf-client/moult-tuf-client"
esbuild tools/tuf-client.ts --bundle --platform=node --format=esm --target=node24 --log-level=error \
  --banner:js='#!/usr/bin/env node' --outfile="$client.mjs"
chmod +x "$client.mjs"
[ ! -e "$client.mjs.xfails" ] || { echo "tuf-conformance: no failure is expected, yet $client.mjs.xfails is there" >&2; exit 2; }

PYTHONPATH="$TUF_CONFORMANCE/python-tuf:$TUF_CONFORMANCE/securesystemslib:$TUF_CONFORMANCE/tuf-conformance" \
  python3 -m pytest "$TUF_CONFORMANCE/tuf-conformance/tuf_conformance" -p no:cacheprovider \
  --entrypoint "$client.mjs" -q "$@"

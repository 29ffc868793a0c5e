import { join } from "node:path"

/** Where a home keeps what its tokens need. */
export interface TokenDirectory {
  readonly path: string
  /** The keys, as `KeyRing.parse` reads them. */
  readonly keys: string
  /** One revocation a line. */
  readonly revocations: string
  /** One file for each token that was used up. */
  readonly uses: string
}

/** The directory of a home; whether it exists is not looked at. */
export const of = (home: string): TokenDirectory => {
  const path = join(home, "tokens")
  return {
    path,
    keys: join(path, "keys"),
    revocations: join(path, "revoked.jsonl"),
    uses: join(path, "used")
  }
}

import { createHash } from "node:crypto"

/** What a guest's randomness begins with. */
export const seedWords = (seed: string): readonly [number, number, number, number] => {
  const digest = createHash("sha256").update(seed).digest()
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)]
}

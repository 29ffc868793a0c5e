import { randomBytes, randomFillSync } from "node:crypto"

/** Hexadecimal text of a number of random bytes. */
export type Entropy = (bytes: number) => string

/** Random bytes in stock: what is asked for here are ids and nonces, which are no secrets, and asking the system takes longer. */
const stock = Buffer.alloc(1_024)
let taken = stock.length

/** The system's own, which nobody can foresee. */
export const system: Entropy = (bytes) => {
  if (bytes > stock.length) return randomBytes(bytes).toString("hex")
  if (taken + bytes > stock.length) {
    randomFillSync(stock)
    taken = 0
  }
  taken += bytes
  return stock.toString("hex", taken - bytes, taken)
}

import { hash } from "node:crypto"

/** SHA-256 in hexadecimal. */
export const sha256 = (data: string | Uint8Array): string => hash("sha256", data)

/** SHA-256 of several texts, each kept apart from the next by its length. */
export const sha256Of = (...texts: ReadonlyArray<string>): string =>
  sha256(texts.map((text) => `${text.length}:${text}`).join(""))

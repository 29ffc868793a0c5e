/**
 * The compact text of a token, and its bounds:
 *
 *     ct1.KEY-ID.GRANT[.CAVEAT...].SIGNATURE
 *
 * All but the first two are base64url without padding, a grant and a caveat of canonical JSON. What is read is exactly what
 * would be written: of two texts that mean the same, one is refused.
 */
import * as Result from "effect/Result"
import { signatureBytes } from "./Signature.ts"
import { Malformed, TokenError, TooLarge, UnknownVersion } from "./TokenError.ts"

const version = "ct1"

/** The most characters that a token has. */
const charactersMax = 65_536

/** The most caveats that a token has. */
const caveatsMax = 64

/** What the id of a key is. */
export const keyIdPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/

/** A token taken apart; what its segments hold has not been looked at. */
export interface TokenText {
  readonly keyId: string
  /** Base64url. */
  readonly grant: string
  /** Base64url. */
  readonly caveats: ReadonlyArray<string>
  readonly signature: Uint8Array
}

const malformed = (where: string, detail: string) =>
  Result.fail(new TokenError({ reason: new Malformed({ where, detail }) }))

const tooLarge = (what: string, size: number, sizeMax: number) =>
  Result.fail(new TokenError({ reason: new TooLarge({ what, size, sizeMax }) }))

/** Reads base64url in its canonical form alone: no padding, no other characters, no stray bits at the end. */
export const fromBase64Url = (text: string): Uint8Array | undefined => {
  const bytes = Buffer.from(text, "base64url")
  return text !== "" && bytes.toString("base64url") === text ? bytes : undefined
}

export const toBase64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url")

/** The text that a first signature is made of. */
export const signedText = ({ grant, keyId }: Pick<TokenText, "grant" | "keyId">): string =>
  `${version}.${keyId}.${grant}`

export const format = (token: TokenText): Result.Result<string, TokenError> => {
  const { caveats, signature } = token
  if (caveats.length > caveatsMax) return tooLarge("caveats", caveats.length, caveatsMax)
  const text = [signedText(token), ...caveats, toBase64Url(signature)].join(".")
  return text.length > charactersMax ? tooLarge("characters", text.length, charactersMax) : Result.succeed(text)
}

export const parse = (text: string): Result.Result<TokenText, TokenError> => {
  if (text.length > charactersMax) return tooLarge("characters", text.length, charactersMax)
  if (!text.startsWith(`${version}.`)) {
    return Result.fail(new TokenError({ reason: new UnknownVersion({ expected: version }) }))
  }
  const [, keyId = "", grant, ...rest] = text.split(".")
  const signed = rest.pop()
  if (grant === undefined || signed === undefined) return malformed("text", `expected ${version}.KEY.GRANT.SIGNATURE`)
  if (!keyIdPattern.test(keyId)) return malformed("key id", "expected at most 32 letters, digits, _ and -")
  if (rest.length > caveatsMax) return tooLarge("caveats", rest.length, caveatsMax)
  const signature = fromBase64Url(signed)
  if (signature?.byteLength !== signatureBytes) {
    return malformed("signature", `expected ${signatureBytes} bytes in base64url`)
  }
  return Result.succeed({ keyId, grant, caveats: rest, signature })
}

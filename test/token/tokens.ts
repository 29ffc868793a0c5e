/** Tokens with keys, ids and a clock that are the same in every run. */
import { hash } from "node:crypto"
import { assert } from "@effect/vitest"
import { Redacted, Result } from "effect"
import type { Authority } from "../../src/token/Authority.ts"
import type { CaveatInput } from "../../src/token/Caveat.ts"
import type { GrantInput } from "../../src/token/Grant.ts"
import * as KeyRing from "../../src/token/KeyRing.ts"
import * as Token from "../../src/token/Token.ts"
import type { TokenError } from "../../src/token/TokenError.ts"

/** A secret that is made of a name, in base64url. */
export const secretOf = (name: string): string => hash("sha256", `secret ${name}`, "base64url")

export const ringOf = (...ids: ReadonlyArray<string>): KeyRing.KeyRing =>
  Result.getOrThrow(KeyRing.parse("test", Redacted.make(ids.map((id) => `${id}:${secretOf(id)}`).join(","))))

export const ring = ringOf("k1")

export const nowMillis = Date.UTC(2026, 0, 1)

/** Random text that is the same in every run, and different at each request. */
export const seeded = (seed: string) => {
  let count = 0
  return (bytes: number): string => hash("sha256", `${seed} ${count++}`).slice(0, 2 * bytes)
}

export const mint = (grant: GrantInput, keys: KeyRing.KeyRing = ring): Token.Made =>
  Result.getOrThrow(Token.mint(keys, grant))

export const attenuate = (text: string, ...caveats: ReadonlyArray<CaveatInput>): Token.Made =>
  caveats.reduce((made, caveat) => Result.getOrThrow(Token.attenuate(made.text, caveat)), { id: "", text })

export const verify = (
  text: string,
  context: Partial<Token.VerifyContext> = {},
  keys: KeyRing.KeyRing = ring
): Result.Result<Authority, TokenError> =>
  Token.verify(keys, text, { nowMillis, use: "execution", isRevoked: () => false, ...context })

export const accepted = (text: string, context?: Partial<Token.VerifyContext>): Authority =>
  Result.getOrThrow(verify(text, context))

/** The reason for which something failed. */
export const reasonOf = (result: Result.Result<unknown, TokenError>): TokenError["reason"]["_tag"] => {
  assert.isTrue(Result.isFailure(result), "a failure was expected")
  return Result.isFailure(result) ? result.failure.reason._tag : "Malformed"
}

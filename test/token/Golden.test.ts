import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import * as KeyRing from "../../src/token/KeyRing.ts"
import type { TermsInput } from "../../src/token/Terms.ts"
import * as Token from "../../src/token/Token.ts"
import { seeded } from "./tokens.ts"

interface Golden {
  readonly keys: string
  readonly seed: string
  readonly context: Omit<Token.VerifyContext, "isRevoked">
  readonly grant: TermsInput
  readonly caveats: ReadonlyArray<TermsInput>
  /** The token as it was minted, and after each caveat. */
  readonly made: ReadonlyArray<Token.Made>
  /** What the last of them gives. */
  readonly authority: unknown
}

const folder = fileURLToPath(new URL("../fixtures/token/", import.meta.url))

const goldens = readdirSync(folder).map((file) => {
  const golden: Golden = JSON.parse(readFileSync(join(folder, file), "utf8"))
  const ring = Result.getOrThrow(KeyRing.parse(file, Redacted.make(golden.keys)))
  return { file, golden, ring }
})

describe("tokens of earlier builds", () => {
  it("are there", () => assert.isAbove(goldens.length, 1))

  it.each(goldens)("A4 are made again from the same key and seed: $file", ({ golden, ring }) => {
    const entropy = seeded(golden.seed)
    const [first, ...rest] = golden.made
    assert.deepStrictEqual(Result.getOrThrow(Token.mint(ring, golden.grant, { entropy })), first)
    assert.strictEqual(rest.length, golden.caveats.length)
    for (const [index, caveat] of golden.caveats.entries()) {
      const parent = golden.made[index]?.text ?? ""
      assert.deepStrictEqual(Result.getOrThrow(Token.attenuate(parent, caveat, { entropy })), rest[index])
    }
  })

  it.each(goldens)("A4 give what they gave: $file", ({ golden, ring }) => {
    const text = golden.made.at(-1)?.text ?? ""
    const authority = Token.verify(ring, text, { ...golden.context, isRevoked: () => false })
    assert.deepInclude(JSON.parse(JSON.stringify(Result.getOrThrow(authority))), golden.authority)
    assert.strictEqual(Result.getOrThrow(Token.inspect(text)).id, golden.made.at(-1)?.id)
  })
})

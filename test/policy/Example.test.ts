import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { tryAll } from "../../src/policy/Case.ts"
import { parse } from "../../src/policy/document/ReadPolicy.ts"
import { lint } from "../../src/policy/Lint.ts"
import { filesBelow, read } from "../repository.ts"

const examples = filesBelow("docs/examples").filter((file) => file.endsWith(".policy.yaml"))

describe("the policies in the documentation", () => {
  it("are there", () => {
    assert.isAbove(examples.length, 0)
  })

  it.each(examples)("are usable, without warnings, and pass their cases: %s", (file) => {
    const policy = Result.getOrThrow(parse(file, read(file)))
    assert.deepStrictEqual(lint(policy), [])
    assert.isAbove(policy.cases.length, 0)
    assert.deepStrictEqual(
      tryAll(policy).filter(({ passed }) => !passed),
      []
    )
  })
})

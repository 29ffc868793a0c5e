import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { commandLine } from "../../src/cli/CommandLine.ts"

const Word = Schema.String.check(Schema.isPattern(/^[^\0]*$/), Schema.isMaxLength(20))

/** What a shell makes of the words behind the command. */
const readByShell = (line: string): ReadonlyArray<string> => {
  const echo = `caisson() { for word; do printf '%s\\0' "$word"; done; }\n${line}`
  return execFileSync("sh", ["-c", echo], { encoding: "utf8" }).split("\0").slice(0, -1)
}

describe("a command line", () => {
  it("leaves what needs no quotes as it is", () => {
    assert.strictEqual(
      commandLine(["answer", "s-1", "1.2~3", "--home", "/srv/my-home"]),
      "caisson answer s-1 1.2~3 --home /srv/my-home"
    )
  })

  it("is read by a shell as the words that it was made of", () => {
    const words = ["it's", "a b", "", "~/home", "$HOME", "`id`", "*", "a\nb", '"', "\\", "=x", "é", "-", "!"]
    assert.deepStrictEqual(readByShell(commandLine(words)), words)
  })

  it.prop(
    "is read by a shell as any words that it was made of",
    [Schema.Array(Word).check(Schema.isMaxLength(6))],
    ([words]) => {
      const wellFormed = words.map((word) => word.toWellFormed())
      assert.deepStrictEqual(readByShell(commandLine(wellFormed)), wellFormed)
    },
    { arbitrary: { runs: 40 } }
  )
})

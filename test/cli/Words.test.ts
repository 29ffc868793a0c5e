import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Words from "../../src/cli/Words.ts"

const read = (...words: ReadonlyArray<string>) => Effect.runSync(Words.read(words))

describe("the words of a command line", () => {
  it.each([
    [["run", "file.js", "--json"]],
    [["run", "-e", "1", "-h"]],
    [["run", "-e=-x", "-"]],
    [["run", "--eval=-x y", "--memory", "-5", "-.5", "-1e3"]],
    [["run", "--session", "-h"]],
    [["answer", "s", "--", "-1h", "--approve", "-abc"]],
    [["--", "-1h", "--", "-1h"]],
    [["run", "-"]],
    [[]]
  ])("are taken as they are: %j", (words) => {
    assert.deepStrictEqual(read(...words), words)
  })

  it.each([
    [["--expires", "-1h"], ["--expires=-1h"]],
    [
      ["-e", "-1 + h", "-f"],
      ["-e=-1 + h", "-f"]
    ],
    [["-e", "-x\n= h"], ["-e=-x\n= h"]],
    [
      ["--reason", "-help", "--json"],
      ["--reason=-help", "--json"]
    ],
    [
      ["--a", "-=h", "--b", "-äh"],
      ["--a=-=h", "--b=-äh"]
    ],
    [
      ["--a", "-1h", "--", "--a", "-1h"],
      ["--a=-1h", "--", "--a", "-1h"]
    ]
  ])("have values that begin with a dash behind their flags: %j", (words, expected) => {
    assert.deepStrictEqual(read(...words), expected)
  })

  it.each([
    [["-1h"]],
    [["answer", "s", "-1h"]],
    [["--session", "s", "-abc"]],
    [["--session=s", "-abc"]],
    [["--reason", "-abc", "-def"]],
    [["-e=1", "-abc"]],
    [["-", "-abc"]]
  ])("are refused where one is neither a flag nor the value of one: %j", (words) => {
    const { message, reason } = Effect.runSync(Effect.flip(Words.read(words)))
    assert.strictEqual(reason, "UnrecognizedOption")
    assert.include(message, `${words.at(-1)} is no flag`)
  })

  it.prop("ask for no help that nobody has asked for", [Schema.String], ([text]) => {
    const word = `-x${text.replace(/^=+/, "")}h`
    assert.deepStrictEqual(read("token", "mint", "--expires", word), ["token", "mint", `--expires=${word}`])
  })
})

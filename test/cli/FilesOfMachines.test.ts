/** Files of a guest with a kernel of its own, which has more kinds of them. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { lacking } from "../microvm/machines.ts"
import { freshDirectory } from "./command.ts"
import { errorOf, makeWorld } from "./world.ts"

const lacks = await lacking("shell")

describe("caisson files, of a machine", () => {
  it("gets an empty file, and nothing of a pipe, which it says", { timeout: 300_000 }, async ({ skip }) => {
    skip(lacks !== undefined, lacks)
    const { json } = makeWorld()
    const make = ["-e", ": > empty; mkfifo pipe"]
    await json(0, "run", "--template", "shell", "--language", "shell", "--session", "m", ...make)
    const [empty, pipe] = ["empty", "pipe"].map((name) => join(freshDirectory(), name)) as [string, string]
    await json(0, "files", "get", "m", "empty", empty)
    assert.strictEqual(readFileSync(empty, "utf8"), "")
    assert.strictEqual(errorOf(await json(64, "files", "get", "m", "pipe", pipe))["reason"], "EINVAL")
    assert.isFalse(existsSync(pipe))
  })
})

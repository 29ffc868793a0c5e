import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, onTestFinished } from "@effect/vitest"
import { root } from "./repository.ts"

const vitest = [process.execPath, join(root, "node_modules/vitest/vitest.mjs"), "run", "test/microvm"]

/** What a run of the tests of machines prints where no template is built, and what it says in it of files that it leaves out. */
const leftOut = (command: string, given: ReadonlyArray<string>) => {
  const cache = mkdtempSync(join(tmpdir(), "caisson-cache-"))
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }))
  const env = { ...process.env, CAISSON_CACHE: cache, NO_COLOR: "1" }
  const { status, stderr, stdout } = spawnSync(command, given, { cwd: root, env, encoding: "utf8" })
  assert.strictEqual(status, 0, stderr + stdout)
  return stdout
    .split("\n")
    .flatMap((line) => /LEFT OUT (\S+) \((?:\d+ tests|1 test)\): not .+$/.exec(line.trim())?.[1] ?? [])
}

const files = ["Demo", "Honeytokens", "Hostile", "Limits", "Machine", "Rules", "Session", "SessionContract"].map(
  (name) => `test/microvm/${name}.test.ts`
)

describe("tests that are left out", { timeout: 120_000 }, () => {
  it("are named with the reason, file by file, where nobody looks on", () => {
    const [command = "", ...given] = vitest
    assert.includeMembers([...leftOut(command, given)], files)
  })

  it("are named on a terminal as well", ({ skip }) => {
    const { stdout } = spawnSync("script", ["--version"], { encoding: "utf8" })
    skip(!/util-linux/.test(stdout ?? ""), "there is no script of util-linux, which gives a program a terminal")
    assert.includeMembers(
      [...leftOut("script", ["-qec", vitest.map((word) => `'${word}'`).join(" "), "/dev/null"])],
      files
    )
  })
})
